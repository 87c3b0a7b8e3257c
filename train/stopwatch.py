"""Wall-clock and processor time of a part of a run, for its log."""

from __future__ import annotations

from time import perf_counter, process_time

DIGITS = 3


class Stopwatch:
    """Measures from its construction."""

    def __init__(self) -> None:
        self._wall, self._cpu = perf_counter(), process_time()

    def read(self) -> dict[str, float]:
        """`seconds` of wall-clock time and `cpu_seconds` of all threads of this process."""
        return {
            "seconds": round(perf_counter() - self._wall, DIGITS),
            "cpu_seconds": round(process_time() - self._cpu, DIGITS),
        }
