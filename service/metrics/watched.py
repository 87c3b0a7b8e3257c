"""What is not recorded but asked for at each scrape: gauges of the moment, and what others count."""

from collections.abc import Callable
from functools import partial

from service.batching.policy import ThreadStates
from service.metrics.families import Families
from service.metrics.garbage import GarbageWatch
from service.metrics.labels import MEMORY

Ask = Callable[[], float]
MemoryAsk = Callable[[], tuple[int, int] | None]
"""Gives the bytes of the device that are used, and all of them; None where there is no device, or it cannot be asked."""


class WatchedMetrics:
    """Each method is called once, with what is to be asked."""

    def __init__(self, families: Families) -> None:
        self._families = families
        self._in_flight = families.gauge("polyparse_requests_in_flight")
        self._connections = families.gauge("polyparse_connections")
        self._ready = families.gauge("polyparse_ready")
        self._queue_tokens = families.gauge("polyparse_queue_tokens")
        self._queue_age = families.gauge("polyparse_queue_age_seconds")
        self._loop_lag = families.gauge("polyparse_event_loop_lag_seconds")
        self._threads = families.gauge("polyparse_inference_threads")

    def requests(self, in_flight: Ask, connections: Ask) -> None:
        """Requests that are being answered, and open connections."""
        self._in_flight.set_function(in_flight)
        self._connections.set_function(connections)

    def readiness(self, is_ready: Callable[[], bool]) -> None:
        """Whether the service is ready."""
        self._ready.set_function(is_ready)

    def queue(self, waiting_tokens: Ask, oldest_wait_s: Ask) -> None:
        """The queue's depth and age."""
        self._queue_tokens.set_function(waiting_tokens)
        self._queue_age.set_function(oldest_wait_s)

    def loop(self, longest_lag_s: Ask) -> None:
        """The event loop's longest gap."""
        self._loop_lag.set_function(longest_lag_s)

    def threads(self, states: Callable[[], ThreadStates]) -> None:
        """What the inference threads do."""
        for state in ThreadStates._fields:
            self._threads.labels(state).set_function(partial(_count_in, states, state))

    def log_lines(self, dropped: Callable[[], int]) -> None:
        """The log lines dropped so far."""
        self._families.counted("polyparse_log_lines_dropped_total", lambda: {(): dropped()})

    def trace_spans(self, dropped: Callable[[], int]) -> None:
        """The spans of traces dropped so far."""
        self._families.counted("polyparse_trace_spans_dropped_total", lambda: {(): dropped()})

    def garbage(self, watch: GarbageWatch) -> None:
        """What the garbage collector did so far."""
        self._families.counted("polyparse_gc_collections_total", watch.collections)
        self._families.counted("polyparse_gc_seconds_total", watch.seconds)

    def accelerator(self, memory: MemoryAsk, use: Callable[[], float] | None) -> None:
        """The memory of the device, and how busy it is; no series where there is none, or nobody can tell."""
        if use is not None:
            self._families.gauge("polyparse_accelerator_busy_ratio").set_function(use)
        if memory() is None:
            return
        gauge = self._families.gauge("polyparse_accelerator_memory_bytes")
        for position, kind in enumerate(MEMORY):
            gauge.labels(kind).set_function(partial(_bytes_of, memory, position))


def _count_in(states: Callable[[], ThreadStates], state: str) -> float:
    count: int = getattr(states(), state)
    return count


def _bytes_of(memory: MemoryAsk, position: int) -> float:
    read = memory()
    return float("nan") if read is None else read[position]
