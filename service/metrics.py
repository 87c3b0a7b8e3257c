"""Every metric of the service, its name, labels and buckets. Children are bound once; all use is in one thread.

Stages of a request, in seconds: encode (checks, text to arrays) and queue are each request's own; score, decode and
assemble are those of the run that it shares with its batch.
"""

from collections import Counter as Counts
from collections.abc import Callable, Sequence
from functools import cache, partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from service.batching.protocols import Outcome
from service.errors import REFUSALS
from service.registry.loaded import ModelVersion
from service.registry.version import Version

SECONDS = (5e-5, 1e-4, 2e-4, 4e-4, 8e-4, 1.5e-3, 3e-3, 6e-3, 0.012, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
SEQUENCES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
LOAD_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 300)
SHARES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75)
STAGES = ("encode", "queue", "score", "decode", "assemble")
OK = "ok"
NO_VERSION = ""
"""The version of a request that no version answered, or one that is gone."""


class Metrics:
    """One registry of its own, so that two services can live in one process."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        counter, gauge = partial(Counter, registry=registry), partial(Gauge, registry=registry)
        histogram = partial(Histogram, registry=registry)
        ProcessCollector(registry=registry)
        self._requests = counter("polyparse_requests", "Requests", ["endpoint", "outcome", "version"])
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
        self._queue_tokens = gauge("polyparse_queue_tokens", "Tokens waiting for a run")
        self._queue_age = gauge("polyparse_queue_age_seconds", "How long the oldest of them have waited")
        utterances = counter("polyparse_utterances", "Utterances, each item of a batch too", ["outcome"])
        self._utterances = cache(utterances.labels)
        refusals = counter("polyparse_refusals", "Utterances refused for the service's state", ["reason"])
        self._refusals = {reason: refusals.labels(reason) for reason in REFUSALS}
        self._info = gauge(
            "polyparse_model_info", "The model that serves: always 1", ["name", "version", "digest"]
        )
        self._version_info = gauge(
            "polyparse_version_info", "A version in this process: always 1", ["version", "digest", "state"]
        )
        self._loads = counter("polyparse_swap_loads", "Loads, by their end", ["outcome"])
        self._load_seconds = histogram(
            "polyparse_swap_load_seconds",
            "From a wish for a version to its being ready",
            buckets=LOAD_SECONDS,
        )
        self._switches = counter("polyparse_swap_switches", "Switches to another version")
        self._generation = gauge("polyparse_swap_generation", "Generation of the state that is followed")
        self._is_readable = gauge("polyparse_swap_state_readable", "1 while the state can be read, else 0")
        self._is_readable.set(1)
        self._loop_lag = gauge("polyparse_event_loop_lag_seconds", "Longest gap of the event loop lately")
        self._versions: dict[ModelVersion, VersionMetrics] = {}
        self._numbers: Counts[str] = Counts()
        """How many versions in this process bear a number: one that was written anew bears that of its elder."""
        self._answered: dict[tuple[str, str, str], tuple[Counter, Histogram]] = {}

    def answered(self, endpoint: str, outcome: str, version: str, seconds: float) -> None:
        """Count a request that ended with "ok", "departed" or a problem's code.

        One that outlived its version counts as no version's: the series of what is gone do not come back.
        """
        if not self._numbers[version]:
            version = NO_VERSION
        key = (endpoint, outcome, version)
        if (series := self._answered.get(key)) is None:
            series = self._requests.labels(*key), self._request_seconds.labels(endpoint, version)
            self._answered[key] = series
        requests, request_seconds = series
        requests.inc()
        request_seconds.observe(seconds)

    def utterances(self, outcome: str, count: int = 1) -> None:
        """Count utterances that ended with "ok", "departed" or a problem's code."""
        self._utterances(outcome).inc(count)
        if outcome in self._refusals:
            self._refusals[outcome].inc(count)

    def of_version(self, version: ModelVersion) -> "VersionMetrics":
        """The metrics of one version."""
        if version not in self._versions:
            self._numbers[version.version] += 1
            self._versions[version] = VersionMetrics(
                {stage: self._stage_seconds.labels(stage, version.version) for stage in STAGES},
                self._sequences,
                self._padding,
            )
        return self._versions[version]

    def loaded(self, outcome: str, seconds: float) -> None:
        """Count a load that ended "ok" or with the code of an error."""
        self._loads.labels(outcome).inc()
        if outcome == OK:
            self._load_seconds.observe(seconds)

    def serves(self, version: ModelVersion) -> None:
        """Show which version serves from now on."""
        self._switches.inc()
        self._info.clear()
        self._info.labels(version.name, version.version, version.digest).set(1)

    def versions(self, versions: Sequence[Version], generation: int | None) -> None:
        """Show every version and its state, and which generation of the wish it follows."""
        self._version_info.clear()
        for each in versions:
            self._version_info.labels(each.number, each.digest or "", each.state.name.lower()).set(1)
        self._generation.set(generation or 0)

    def state_readable(self, *, is_readable: bool) -> None:
        """Show whether the wish can be read."""
        self._is_readable.set(is_readable)

    def gone(self, version: ModelVersion) -> None:
        """Remove the series of a version that was closed, unless another one bears its number."""
        if self._versions.pop(version, None) is None:
            return
        number = version.version
        self._numbers[number] -= 1
        if self._numbers[number]:
            return
        for stage in STAGES:
            self._stage_seconds.remove(stage, number)
        keys = [key for key in self._answered if key[2] == number]
        for key in keys:
            del self._answered[key]
            self._requests.remove(*key)
        for endpoint in {endpoint for endpoint, _, _ in keys}:
            self._request_seconds.remove(endpoint, number)

    def watch_loop(self, longest_lag_s: Callable[[], float]) -> None:
        """Ask for the event loop's longest gap at each scrape."""
        self._loop_lag.set_function(longest_lag_s)

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
        self.encoded, self.queued = stages["encode"].observe, stages["queue"].observe

    def ran(self, sequences: int, outcome: Outcome[object]) -> None:
        """Observe a run."""
        self._sequences.observe(sequences)
        self._padding.observe(outcome.padding)
        for stage, seconds in outcome.seconds.items():
            self._stages[stage].observe(seconds)
