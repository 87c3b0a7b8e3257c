"""What is recorded of requests, utterances and frames. Series are made once, then found in a dictionary."""

from polyparse.contract.frame import Frame
from service.errors import REFUSALS
from service.metrics.counter import Count
from service.metrics.families import Families
from service.metrics.histogram import Series
from service.metrics.labels import CLASSES, NO_LOCALE, NO_VERSION, OK, REFUSED_FOR, UNREFUSED, UNROUTED


class RequestMetrics:
    """All use is in the event loop's thread."""

    def __init__(self, families: Families) -> None:
        self._requests = families.counter("polyparse_requests_total")
        self._request_seconds = families.histogram("polyparse_request_seconds")
        self._utterances = families.counter("polyparse_utterances_total")
        refusals = families.counter("polyparse_refusals_total")
        self._refusals = {reason: refusals.labels(reason) for reason in REFUSALS}
        self._confidence = families.histogram("polyparse_frame_confidence")
        self._frames = families.counter("polyparse_frames_total")
        self._answered: dict[tuple[str, str, str], tuple[Count, Series]] = {}
        self._of_locale: dict[str, tuple[Series, dict[str, Count]]] = {}

    def answered(
        self,
        endpoint: str,
        outcome: str,
        version: str,
        seconds: float,
        exemplar: dict[str, str] | None = None,
    ) -> None:
        """Count a request that ended with "ok", "departed" or a problem's code, so long after its first byte."""
        key = (endpoint, outcome, version)
        if (series := self._answered.get(key)) is None:
            seconds_series = self._request_seconds.labels(endpoint, CLASSES[outcome], version)
            series = self._answered[key] = self._requests.labels(*key), seconds_series
        requests, request_seconds = series
        requests.inc()
        if exemplar is None:
            request_seconds.observe(seconds)
        else:
            request_seconds.observe_traced(seconds, exemplar)

    def refused(self, endpoint: str, code: str, seconds: float) -> None:
        """Count a request that was refused by its head, and the utterance that it would have been."""
        self.answered(endpoint, code, NO_VERSION, seconds)
        self.utterances(code)

    def unrouted(self, outcome: str) -> None:
        """Count a request that has no route."""
        self._requests.labels(UNROUTED, outcome, NO_VERSION).inc()

    def utterances(self, outcome: str, count: int = 1) -> None:
        """Count utterances that ended with "ok", "departed" or a problem's code."""
        self._utterances.labels(outcome).inc(count)
        if outcome in self._refusals:
            self._refusals[outcome].inc(count)

    def parsed(self, frame: Frame) -> None:
        """Count an utterance that got a frame, and what the frame is."""
        self.utterances(OK)
        confidence, frames = self._series_of(frame.locale or NO_LOCALE)
        confidence.observe(frame.confidence)
        frames[UNREFUSED if frame.refused is None else frame.refused.reason].inc()

    def forget_version(self, number: str) -> None:
        """Find the series of a version no more: they are gone."""
        for key in [key for key in self._answered if key[2] == number]:
            del self._answered[key]

    def _series_of(self, locale: str) -> tuple[Series, dict[str, Count]]:
        if (series := self._of_locale.get(locale)) is None:
            frames = {reason: self._frames.labels(locale, reason) for reason in REFUSED_FOR}
            series = self._of_locale[locale] = self._confidence.labels(locale), frames
        return series
