"""How much memory a process holds, as all benchmarks read it."""

from pathlib import Path


def resident_mb(pid: int | str) -> float:
    """Memory of a process that is in RAM, in 10^6 bytes; "self" is this one. Linux only."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024 / 1e6
