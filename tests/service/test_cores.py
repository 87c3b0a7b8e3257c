"""Usable cores are those of the affinity, bounded by every quota above the process."""

from pathlib import PurePosixPath

import pytest

from service.cores import usable_cores, usable_cores_here

V1 = "/sys/fs/cgroup/cpu/docker/abc/cpu.cfs_"
CASES = {
    "no cgroup": ({}, 8),
    "no quota": ({"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "max 100000\n"}, 8),
    "a container's quota": ({"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "200000 100000\n"}, 2),
    "part of a core": ({"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "250000 100000\n"}, 2),
    "less than a core": ({"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "50000 100000\n"}, 1),
    "more than there is": ({"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "6400000 100000\n"}, 8),
    "an ancestor's quota": (
        {
            "/proc/self/cgroup": "0::/system.slice/polyparse.service\n",
            "/sys/fs/cgroup/system.slice/polyparse.service/cpu.max": "max 100000\n",
            "/sys/fs/cgroup/system.slice/cpu.max": "300000 100000\n",
        },
        3,
    ),
    "version 1": (
        {
            "/proc/self/cgroup": "4:cpu,cpuacct:/docker/abc\n3:memory:/docker/abc\n",
            V1 + "quota_us": "400000\n",
            V1 + "period_us": "100000\n",
        },
        4,
    ),
    "version 1 without a quota": (
        {"/proc/self/cgroup": "4:cpu:/docker/abc\n", V1 + "quota_us": "-1\n", V1 + "period_us": "100000\n"},
        8,
    ),
}


@pytest.mark.parametrize(("files", "cores"), CASES.values(), ids=CASES)
def test_the_tightest_bound_holds(files: dict[str, str], cores: int) -> None:
    def read(path: PurePosixPath) -> str | None:
        return files.get(str(path))

    assert usable_cores(8, read) == cores


def test_this_process_has_a_core() -> None:
    assert usable_cores_here() >= 1
