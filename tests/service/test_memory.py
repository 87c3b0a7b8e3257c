"""The memory that is left is that of the tightest bound: the machine's, or that of a cgroup without what can be dropped."""

from pathlib import PurePosixPath

import pytest

from service.memory import (
    available_bytes,
    available_bytes_here,
    is_memory_short,
    peak_resident_bytes,
    resident_bytes,
    return_freed,
)

MACHINE = {"/proc/meminfo": "MemTotal:  16000 kB\nMemAvailable:   8000 kB\n"}
V2 = "/sys/fs/cgroup/"
V1 = "/sys/fs/cgroup/memory/docker/abc/memory."
CASES: dict[str, tuple[dict[str, str], int | None]] = {
    "nothing is said": ({}, None),
    "the machine's": (MACHINE, 8000 * 1024),
    "no limit": (
        MACHINE | {"/proc/self/cgroup": "0::/\n", f"{V2}memory.max": "max\n", f"{V2}memory.current": "5\n"},
        8000 * 1024,
    ),
    "a container's": (
        MACHINE
        | {
            "/proc/self/cgroup": "0::/\n",
            f"{V2}memory.max": "5000000\n",
            f"{V2}memory.current": "4000000\n",
            f"{V2}memory.stat": "anon 3000000\ninactive_file 600000\nactive_file 9\n",
        },
        1_600_000,
    ),
    "an ancestor's": (
        MACHINE
        | {
            "/proc/self/cgroup": "0::/system.slice/polyparse.service\n",
            f"{V2}system.slice/polyparse.service/memory.max": "max\n",
            f"{V2}system.slice/polyparse.service/memory.current": "1\n",
            f"{V2}system.slice/memory.max": "3000\n",
            f"{V2}system.slice/memory.current": "1000\n",
        },
        2000,
    ),
    "version 1": (
        MACHINE
        | {
            "/proc/self/cgroup": "4:memory:/docker/abc\n3:cpu:/other\n",
            f"{V1}limit_in_bytes": "6000\n",
            f"{V1}usage_in_bytes": "5000\n",
            f"{V1}stat": "inactive_file 1\ntotal_inactive_file 500\n",
        },
        1500,
    ),
}


@pytest.mark.parametrize(("files", "left"), CASES.values(), ids=CASES)
def test_the_tightest_bound_holds(files: dict[str, str], left: int | None) -> None:
    def read(path: PurePosixPath) -> str | None:
        return files.get(str(path))

    assert available_bytes(read) == left


def test_this_process_has_memory_and_room() -> None:
    available = available_bytes_here()
    assert available is None or available > 0
    assert 0 < resident_bytes() <= peak_resident_bytes()
    assert not is_memory_short()


def test_what_was_freed_can_be_returned() -> None:
    blocks = [bytes(1000) for _ in range(100_000)]
    before = resident_bytes()
    del blocks
    return_freed()
    assert resident_bytes() < before
