"""Records every metric of the service. Series are bound once; all use is in the event loop's thread."""

from collections import Counter as Counts
from collections.abc import Mapping, Sequence

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics

from service.batching.protocols import Outcome
from service.metrics.candidates import CandidateMetrics
from service.metrics.definitions import RESTARTS, VERSIONS
from service.metrics.families import Families
from service.metrics.histogram import Series
from service.metrics.labels import NO_VERSION, OK, STAGES, TOKENS
from service.metrics.requests import RequestMetrics
from service.metrics.watched import WatchedMetrics
from service.registry.loaded import ModelVersion
from service.registry.version import Version


class Metrics:
    """One registry of its own, so that two services can live in one process."""

    def __init__(self) -> None:
        families = self._families = Families(CollectorRegistry())
        ProcessCollector(registry=families.registry)
        self._requests = requests = RequestMetrics(families)
        self.refused, self.unrouted = requests.refused, requests.unrouted
        self.utterances, self.parsed = requests.utterances, requests.parsed
        self._stage_seconds = families.histogram("polyparse_stage_seconds")
        self._runs = RunMetrics(families)
        self._info = families.gauge("polyparse_model_info")
        self._version_info = families.gauge(VERSIONS)
        self._loads = families.counter("polyparse_swap_loads_total")
        self._load_seconds = families.histogram("polyparse_swap_load_seconds").labels()
        self._switches = families.counter("polyparse_swap_switches_total").labels()
        self._generation = families.gauge("polyparse_swap_generation")
        self._is_readable = families.gauge("polyparse_swap_state_readable")
        self._is_readable.set(1)
        families.counter(RESTARTS).labels()
        self.candidates = CandidateMetrics(families, lambda version: self._numbers[version] > 0)
        self.watched = WatchedMetrics(families)
        self.in_flight = 0
        """Requests that are being answered; whoever answers counts them."""
        self._versions: dict[ModelVersion, VersionMetrics] = {}
        self._numbers: Counts[str] = Counts()
        """How many versions in this process bear a number: one that was written anew bears that of its elder."""

    def answered(
        self,
        endpoint: str,
        outcome: str,
        version: str,
        seconds: float,
        exemplar: dict[str, str] | None = None,
    ) -> None:
        """Count a request that ended with "ok", "departed" or a problem's code; `exemplar` names its trace.

        One that outlived its version counts as no version's: the series of what is gone do not come back.
        """
        known = version if self._numbers[version] else NO_VERSION
        self._requests.answered(endpoint, outcome, known, seconds, exemplar)

    def of_version(self, version: ModelVersion) -> "VersionMetrics":
        """The metrics of one version."""
        if version not in self._versions:
            self._numbers[version.version] += 1
            stages = {stage: self._stage_seconds.labels(stage, version.version) for stage in STAGES}
            self._versions[version] = VersionMetrics(stages, self._runs)
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
        self.candidates.show(versions)
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
        if not self._numbers[number]:
            del self._numbers[number]
            self._requests.forget_version(number)
            self._families.forget_version(number)

    @property
    def registry(self) -> CollectorRegistry:
        """What collects all of it."""
        return self._families.registry

    def render(self) -> bytes:
        """Return all of it in Prometheus' text format."""
        return generate_latest(self.registry)

    def render_open(self) -> bytes:
        """Return all of it in the format OpenMetrics 1.0, with exemplars."""
        text: bytes = openmetrics.generate_latest(self.registry)  # type: ignore[no-untyped-call]
        return text


class RunMetrics:
    """What is observed of runs, whatever their version."""

    def __init__(self, families: Families) -> None:
        self.sequences = families.histogram("polyparse_batch_sequences").labels()
        self.padding = families.histogram("polyparse_batch_padding_ratio").labels()
        tokens = families.counter("polyparse_batch_tokens_total")
        self.useful, self.padded = (tokens.labels(kind) for kind in TOKENS)


class VersionMetrics:
    """What is observed of one version's requests and runs; a batcher's observer."""

    def __init__(self, stages: Mapping[str, Series], runs: RunMetrics) -> None:
        self._stages, self._runs = stages, runs
        self.encoded, self.queued = stages["encode"].observe, stages["queue"].observe

    def ran(self, sequences: int, outcome: Outcome[object]) -> None:
        """Observe a run."""
        runs, padded = self._runs, round(outcome.tokens * outcome.padding)
        runs.sequences.observe(sequences)
        runs.padding.observe(outcome.padding)
        runs.useful.inc(outcome.tokens - padded)
        runs.padded.inc(padded)
        for stage, seconds in outcome.seconds.items():
            self._stages[stage].observe(seconds)
