"""The metrics of canaries and shadows."""

from collections.abc import Callable, Mapping, Sequence

from service.metrics.families import Families
from service.metrics.labels import DROPPED, NO_LOCALE, SCOPES
from service.registry.version import Version


class CandidateMetrics:
    """What is observed of canaries and shadows; series of versions that are gone do not come back."""

    def __init__(self, families: Families, is_there: Callable[[str], bool]) -> None:
        """`is_there` tells whether a version of this number is in the process."""
        self._is_there = is_there
        self._percent = families.gauge("polyparse_canary_percent")
        self._verdict = families.gauge("polyparse_canary_verdict")
        rollbacks = families.counter("polyparse_canary_rollbacks_total")
        self._rollbacks = {scope: rollbacks.labels(scope) for scope in SCOPES}
        self._share = families.gauge("polyparse_shadow_share")
        self._compared = families.counter("polyparse_shadow_compared_total")
        self._agreed = families.counter("polyparse_shadow_agreed_total")
        self._failed = families.counter("polyparse_shadow_failed_total")
        dropped = families.counter("polyparse_shadow_dropped_total")
        self._dropped = {reason: dropped.labels(reason) for reason in DROPPED}

    def show(self, versions: Sequence[Version]) -> None:
        """Show which versions are candidates, with their shares and the verdict."""
        for family in (self._percent, self._verdict, self._share):
            family.clear()
        for each in versions:
            if each.percent is not None:
                self._percent.labels(each.number).set(each.percent)
                self._verdict.labels(each.number, each.verdict or "undecided").set(1)
            if each.share is not None:
                self._share.labels(each.number).set(each.share)

    def rolled_back(self, scope: str) -> None:
        """Count a canary that was stopped for what was seen of it, in this process or in the fleet."""
        self._rollbacks[scope].inc()

    def compared(self, version: str, locale: str | None, agrees: Mapping[str, bool]) -> None:
        """Count an utterance that a shadow parsed too, and the parts of its frame in which the two agree."""
        if self._is_there(version):
            self._compared.labels(version, locale or NO_LOCALE).inc()
            for part, is_same in agrees.items():
                self._agreed.labels(version, locale or NO_LOCALE, part).inc(is_same)

    def failed(self, version: str, code: str) -> None:
        """Count an utterance that a shadow could not parse, by the code of the error."""
        if self._is_there(version):
            self._failed.labels(version, code).inc()

    def dropped(self, reason: str) -> None:
        """Count an utterance that was drawn for a shadow and not parsed by it."""
        self._dropped[reason].inc()
