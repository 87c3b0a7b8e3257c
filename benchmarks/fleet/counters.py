"""What a server counts of itself on its page for Prometheus, and the processor time of its threads.

The event loop runs in the main thread, and runs of batches in others. Processor time tells what a request takes where other
work shares the core too.
"""

import http.client
import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.client import HOST
from benchmarks.errors import MeasurementFailed
from benchmarks.process import Server

TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Counters:
    """The value of each series by its name with its labels, as the page writes it; `page_bytes` is its size.

    `loop_s` is the processor time of the main thread so far, `threads_s` that of all others; `wakes` is how often the main
    thread has waited for something.
    """

    series: Mapping[str, float]
    page_bytes: int
    loop_s: float
    threads_s: float
    wakes: int

    @classmethod
    def before(cls, server: Server) -> "Counters":
        """Those of a server before something is done; MeasurementFailed where it shows none."""
        page = _page(server.port)
        return cls(read_page(page), len(page.encode()), *_spent(server.pid))

    @classmethod
    def after(cls, server: Server) -> "Counters":
        """The same after it: the time that the page itself takes is in neither."""
        spent = _spent(server.pid)
        page = _page(server.port)
        return cls(read_page(page), len(page.encode()), *spent)

    @property
    def runs(self) -> float:
        """Runs of batches."""
        return self._sum("polyparse_batch_sequences_count")

    @property
    def sequences(self) -> float:
        """Sequences in all of them."""
        return self._sum("polyparse_batch_sequences_sum")

    @property
    def tokens(self) -> float:
        """Tokens in all of them, without padding."""
        return self._sum("polyparse_batch_tokens_total", 'kind="useful"')

    def _sum(self, name: str, label: str = "") -> float:
        return sum(
            value
            for series, value in self.series.items()
            if series.partition("{")[0] == name and label in series
        )


def _page(port: int) -> str:
    with closing(http.client.HTTPConnection(HOST, port, timeout=TIMEOUT_S)) as connection:
        connection.request("GET", "/metrics")
        response = connection.getresponse()
        page = response.read()
    if response.status != 200:
        raise MeasurementFailed(f"/metrics: found status {response.status}, expected 200")
    return page.decode()


def _spent(pid: int) -> tuple[float, float, int]:
    return loop_s(pid), threads_s(pid), wakes(pid)


def wakes(pid: int) -> int:
    """How often the main thread of a process has given up its core to wait: for a socket, for a run, for Python's lock."""
    status = Path(f"/proc/{pid}/task/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("\nvoluntary_ctxt_switches:")[2].split()[0])


def loop_s(pid: int) -> float:
    """Seconds of the main thread of a process on a core so far, to the nanosecond."""
    return _on_core_s(Path(f"/proc/{pid}/task/{pid}"))


def threads_s(pid: int) -> float:
    """Those of all its other threads that live."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(_on_core_s(thread) for thread in threads if thread.name != str(pid))


def children_s(pid: int) -> float:
    """Processor time of the processes that it started and that have ended: proc_pid_stat(5), cutime and cstime."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def _on_core_s(thread: Path) -> float:
    """proc_pid_schedstat(5): the first number."""
    return int(thread.joinpath("schedstat").read_text(encoding="ascii").split()[0]) / 1e9


def read_page(page: str) -> dict[str, float]:
    """Every series of a page, by its name with its labels."""
    lines = (line for line in page.splitlines() if line and not line.startswith("#"))
    return {series: float(value) for series, _, value in (line.rpartition(" ") for line in lines)}
