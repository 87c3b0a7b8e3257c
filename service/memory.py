"""How much memory this process may still take: that of the machine, or less where a cgroup has a limit.

Pages of files that were not used lately count as free in a cgroup: the kernel drops them first.
"""

import ctypes
from collections.abc import Iterator
from pathlib import PurePosixPath

from service.cgroups import Reader, groups, read_file

RESERVE_BYTES = 32_000_000
"""What is left to requests."""
MEMINFO = PurePosixPath("/proc/meminfo")
STATUS = PurePosixPath("/proc/self/status")
FILES = {
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    2: ("memory.max", "memory.current", "inactive_file"),
}
"""Version of a cgroup -> its files of the limit and of the use, and the line of memory.stat with what can be dropped."""


def available_bytes(read: Reader) -> int | None:
    """The bytes left under the tightest of all bounds; None where the system does not say."""
    return min([*_machine(read), *_groups(read)], default=None)


def available_bytes_here() -> int | None:
    """`available_bytes` of this process."""
    return available_bytes(read_file)


def is_memory_short() -> bool:
    """Whether less is left than requests may need."""
    available = available_bytes_here()
    return available is not None and available < RESERVE_BYTES


def resident_bytes() -> int:
    """How much of this process is in memory."""
    return _kilobytes(read_file(STATUS), "VmRSS") * 1024


def peak_resident_bytes() -> int:
    """The most of this process that has been in memory."""
    return _kilobytes(read_file(STATUS), "VmHWM") * 1024


def return_freed() -> None:
    """Give memory that the allocator keeps for later back to the system, where its C library can (glibc)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _machine(read: Reader) -> Iterator[int]:
    if content := read(MEMINFO):
        yield _kilobytes(content, "MemAvailable") * 1024


def _groups(read: Reader) -> Iterator[int]:
    for version, folder in groups("memory", read):
        limit_file, used_file, dropped = FILES[version]
        limit, used = read(folder / limit_file), read(folder / used_file)
        if limit and used and limit.strip() != "max":
            statistics = (line.split() for line in (read(folder / "memory.stat") or "").splitlines())
            free = sum(int(value) for name, value in statistics if name == dropped)
            yield int(limit) - int(used) + free


def _kilobytes(content: str | None, name: str) -> int:
    """The number in a line such as "VmRSS:  1024 kB"."""
    values = (line.split()[1] for line in (content or "").splitlines() if line.startswith(f"{name}:"))
    return int(next(values, 0))
