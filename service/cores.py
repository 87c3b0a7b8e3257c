"""How many cores this process may use: those of its affinity, or fewer where the cgroup has a quota of CPU time."""

import math
import os
from collections.abc import Iterator

from service.cgroups import Reader, groups, read_file


def usable_cores(affinity: int, read: Reader) -> int:
    """Return the whole cores in the tightest of all bounds, at least one."""
    return max(1, math.floor(min([affinity, *_quotas(read)])))


def usable_cores_here() -> int:
    """Return `usable_cores` of this process."""
    return usable_cores(len(os.sched_getaffinity(0)), read_file)


def _quotas(read: Reader) -> Iterator[float]:
    """Quotas in cores."""
    for version, folder in groups("cpu", read):
        if version == 2:
            yield from _version_2(read(folder / "cpu.max"))
        else:
            yield from _version_1(read(folder / "cpu.cfs_quota_us"), read(folder / "cpu.cfs_period_us"))


def _version_2(cpu_max: str | None) -> Iterator[float]:
    """`cpu.max` is "QUOTA PERIOD" in microseconds, or "max PERIOD"."""
    if cpu_max and not cpu_max.startswith("max"):
        quota, period = cpu_max.split()
        yield int(quota) / int(period)


def _version_1(quota: str | None, period: str | None) -> Iterator[float]:
    """Microseconds of CPU time in each period of so many; a quota of -1 means no bound."""
    if quota and period and int(quota) > 0:
        yield int(quota) / int(period)
