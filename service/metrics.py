"""Every metric of the service, its name, labels and buckets. Children are bound once; all use is in one thread.

Stages of a request, in seconds: encode (checks, text to arrays) and queue are each request's own; score, decode and
assemble are those of the run that it shares with its batch.
"""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from service.batching.protocols import Outcome
from service.errors import PROBLEMS, CallerDeparted
from service.registry.loaded import ModelVersion

SECONDS = (
    50e-6,
    100e-6,
    200e-6,
    400e-6,
    800e-6,
    1.5e-3,
    3e-3,
    6e-3,
    12e-3,
    25e-3,
    50e-3,
    0.1,
    0.25,
    0.5,
    1,
    2.5,
    10,
)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
SHARES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75)
STAGES = ("encode", "queue", "score", "decode", "assemble")
OK = "ok"
OUTCOMES = (OK, CallerDeparted.code, *PROBLEMS)


class Metrics:
    """One registry of its own, so that two services can live in one process."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        requests = Counter("polyparse_requests", "Requests to /parse", ["outcome"], registry=registry)
        self._requests = {outcome: requests.labels(outcome) for outcome in OUTCOMES}
        self._request_seconds = Histogram(
            "polyparse_request_seconds",
            "From the request's head to its answer",
            buckets=SECONDS,
            registry=registry,
        )
        stages = Histogram(
            "polyparse_stage_seconds", "Time by stage", ["stage"], buckets=SECONDS, registry=registry
        )
        self._stages = {stage: stages.labels(stage) for stage in STAGES}
        self._encode, self._queue = self._stages["encode"], self._stages["queue"]
        self._rows = Histogram("polyparse_batch_rows", "Rows in a batch", buckets=ROWS, registry=registry)
        self._padding = Histogram(
            "polyparse_batch_padding_ratio",
            "Share of a batch that is padding",
            buckets=SHARES,
            registry=registry,
        )
        self._depth = Gauge("polyparse_queue_tokens", "Tokens waiting for a run", registry=registry)
        self._info = Gauge(
            "polyparse_model_info",
            "The model that serves: always 1",
            ["name", "version", "digest"],
            registry=registry,
        )

    def answered(self, outcome: str, seconds: float) -> None:
        """Count a request that ended with "ok", "departed" or a problem's code."""
        self._requests[outcome].inc()
        self._request_seconds.observe(seconds)

    def encoded(self, seconds: float) -> None:
        """Observe the time to check a text and make arrays of it."""
        self._encode.observe(seconds)

    def queued(self, seconds: float) -> None:
        """Observe the time that an item waited."""
        self._queue.observe(seconds)

    def ran(self, rows: int, outcome: Outcome[object]) -> None:
        """Observe a run."""
        self._rows.observe(rows)
        self._padding.observe(outcome.padding)
        for stage, seconds in outcome.seconds.items():
            self._stages[stage].observe(seconds)

    def serves(self, version: ModelVersion) -> None:
        """Show which version serves from now on."""
        self._info.clear()
        self._info.labels(version.name, version.version, version.digest).set(1)

    def watch_queue(self, waiting_tokens: Callable[[], float]) -> None:
        """Ask for the queue's depth at each scrape."""
        self._depth.set_function(waiting_tokens)

    def render(self) -> bytes:
        """Return all of it in Prometheus' text format."""
        return generate_latest(self._registry)
