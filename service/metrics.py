"""Every metric of the service, its name, labels and buckets. Children are bound once; all use is in one thread.

Stages of a request, in seconds: encode (checks, text to arrays) and queue are each request's own; score, decode and
assemble are those of the run that it shares with its batch.
"""

from collections.abc import Callable
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from service.batching.protocols import Outcome
from service.errors import REFUSALS
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
SEQUENCES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
SHARES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75)
STAGES = ("encode", "queue", "score", "decode", "assemble")
OK = "ok"
NO_VERSION = ""
"""The version of a request that no version answered, or one that is gone."""


class Metrics:
    """One registry of its own, so that two services can live in one process."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        histogram = partial(Histogram, registry=registry)
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "polyparse_requests", "Requests", ["endpoint", "outcome", "version"], registry=registry
        )
        self._request_seconds = histogram(
            "polyparse_request_seconds",
            "From the request's head to its answer",
            ["endpoint", "version"],
            buckets=SECONDS,
        )
        self._stage_seconds = histogram(
            "polyparse_stage_seconds", "Time by stage", ["stage", "version"], buckets=SECONDS
        )
        self._sequences = histogram("polyparse_batch_sequences", "Sequences in a batch", buckets=SEQUENCES)
        self._padding = histogram(
            "polyparse_batch_padding_ratio", "Share of a batch that is padding", buckets=SHARES
        )
        self._queue_tokens = Gauge("polyparse_queue_tokens", "Tokens waiting for a run", registry=registry)
        self._queue_age = Gauge(
            "polyparse_queue_age_seconds", "How long the oldest of them have waited", registry=registry
        )
        refusals = Counter(
            "polyparse_refusals", "Utterances that were not admitted", ["reason"], registry=registry
        )
        self._refusals = {reason: refusals.labels(reason) for reason in REFUSALS}
        self._info = Gauge(
            "polyparse_model_info",
            "The model that serves: always 1",
            ["name", "version", "digest"],
            registry=registry,
        )
        self._versions: dict[str, VersionMetrics] = {}
        self._answered: dict[tuple[str, str, str], tuple[Counter, Histogram]] = {}

    def answered(self, endpoint: str, outcome: str, version: str, seconds: float) -> None:
        """Count a request that ended with "ok", "departed" or a problem's code.

        One that outlived its version counts as no version's: the series of what is gone do not come back.
        """
        if version not in self._versions:
            version = NO_VERSION
        key = (endpoint, outcome, version)
        if key not in self._answered:
            self._answered[key] = (
                self._requests.labels(*key),
                self._request_seconds.labels(endpoint, version),
            )
        requests, request_seconds = self._answered[key]
        requests.inc()
        request_seconds.observe(seconds)

    def refused(self, reason: str) -> None:
        """Count an utterance that was not admitted."""
        self._refusals[reason].inc()

    def of_version(self, version: ModelVersion) -> "VersionMetrics":
        """The metrics of one version."""
        if version.version not in self._versions:
            self._versions[version.version] = VersionMetrics(
                {stage: self._stage_seconds.labels(stage, version.version) for stage in STAGES},
                self._sequences,
                self._padding,
            )
        return self._versions[version.version]

    def serves(self, version: ModelVersion) -> None:
        """Show which version serves from now on."""
        self._info.clear()
        self._info.labels(version.name, version.version, version.digest).set(1)

    def gone(self, version: ModelVersion) -> None:
        """Remove the series of a version that was closed."""
        self._versions.pop(version.version, None)
        for stage in STAGES:
            self._stage_seconds.remove(stage, version.version)
        keys = [key for key in self._answered if key[2] == version.version]
        for key in keys:
            del self._answered[key]
            self._requests.remove(*key)
        for endpoint in {endpoint for endpoint, _, _ in keys}:
            self._request_seconds.remove(endpoint, version.version)

    def watch_queue(self, waiting_tokens: Callable[[], float], oldest_wait_s: Callable[[], float]) -> None:
        """Ask for the queue's depth and age at each scrape."""
        self._queue_tokens.set_function(waiting_tokens)
        self._queue_age.set_function(oldest_wait_s)

    def render(self) -> bytes:
        """Return all of it in Prometheus' text format."""
        return generate_latest(self._registry)


class VersionMetrics:
    """What is observed of one version's requests and runs; a batcher's observer."""

    def __init__(self, stages: dict[str, Histogram], sequences: Histogram, padding: Histogram) -> None:
        self._stages, self._sequences, self._padding = stages, sequences, padding
        self._encode, self._queue = stages["encode"], stages["queue"]

    def encoded(self, seconds: float) -> None:
        """Observe the time to check a text and make arrays of it."""
        self._encode.observe(seconds)

    def queued(self, seconds: float) -> None:
        """Observe the time that an item waited."""
        self._queue.observe(seconds)

    def ran(self, sequences: int, outcome: Outcome[object]) -> None:
        """Observe a run."""
        self._sequences.observe(sequences)
        self._padding.observe(outcome.padding)
        for stage, seconds in outcome.seconds.items():
            self._stages[stage].observe(seconds)
