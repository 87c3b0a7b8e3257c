"""How many cores this process may use: those of its affinity, or fewer where the cgroup has a quota of CPU time."""

import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

CGROUPS = PurePosixPath("/sys/fs/cgroup")

Reader = Callable[[PurePosixPath], str | None]
"""The content of a file, or None if there is none."""


def usable_cores(affinity: int, read: Reader) -> int:
    """Return the whole cores in the tightest of all bounds, at least one."""
    return max(1, math.floor(min([affinity, *_quotas(read)])))


def usable_cores_here() -> int:
    """Return `usable_cores` of this process."""
    return usable_cores(len(os.sched_getaffinity(0)), _read_file)


def _quotas(read: Reader) -> Iterator[float]:
    """Quotas in cores; a cgroup is bound by its ancestors' too. A container sees its own cgroup as the root."""
    for line in (read(PurePosixPath("/proc/self/cgroup")) or "").splitlines():
        _, controllers, path = line.split(":", 2)
        group = PurePosixPath(path).relative_to("/")
        if not controllers:
            for folder in (group, *group.parents):
                yield from _version_2(read(CGROUPS / folder / "cpu.max"))
        elif "cpu" in controllers.split(","):
            for folder in (group, *group.parents):
                directory = CGROUPS / "cpu" / folder
                yield from _version_1(
                    read(directory / "cpu.cfs_quota_us"), read(directory / "cpu.cfs_period_us")
                )


def _version_2(cpu_max: str | None) -> Iterator[float]:
    """`cpu.max` is "QUOTA PERIOD" in microseconds, or "max PERIOD"."""
    if cpu_max and not cpu_max.startswith("max"):
        quota, period = cpu_max.split()
        yield int(quota) / int(period)


def _version_1(quota: str | None, period: str | None) -> Iterator[float]:
    """Microseconds of CPU time in each period of so many; a quota of -1 means no bound."""
    if quota and period and int(quota) > 0:
        yield int(quota) / int(period)


def _read_file(path: PurePosixPath) -> str | None:
    try:
        return Path(path).read_text(encoding="ascii")
    except OSError:
        return None
