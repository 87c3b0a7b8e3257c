"""One fault from its begin to what was seen of it."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeVar

from benchmarks.errors import MeasurementFailed
from benchmarks.gameday import runbook
from benchmarks.gameday.fault import Fault, Signal
from benchmarks.gameday.runbook import Query
from benchmarks.gameday.site import SCRAPE_S, Site

REST_S = 40.0
"""What an earlier fault has left is over by then."""
USUAL_S = 400
"""The time before a fault that shows what is usual, in seconds of the shipped windows."""
FIRES_S = 60.0
NAMED_S = 20.0
"""A page may come at once, of what a promote costs, while what was promoted does not serve yet."""
POLL_S = 0.1
ANSWERED = 'sum by (instance) (rate(polyparse_request_seconds_count{endpoint="parse"}[5m])) > 0'

Found = TypeVar("Found")


class Sighting(NamedTuple):
    """What was seen of a fault: the metric before and during it, the seconds until the alert fired, the query that told.

    `seen_before` says what of it was there before the fault was, None as it should be; `others` are alerts that fired
    besides.
    """

    fault: Fault
    before: float
    during: float
    fired_s: float | None
    query: Query | None
    seen_before: str | None
    others: Sequence[str]

    @property
    def is_seen(self) -> bool:
        """Whether metric, alert and runbook all saw it, and not before it was there."""
        has_moved = self.fault.signal.has_moved(self.before, self.during)
        return has_moved and None not in (self.fired_s, self.query) and self.seen_before is None


def exercise(site: Site, fault: Fault) -> Sighting:
    """Break the site, look, and mend it.

    Raises:
        MeasurementFailed: nobody answers before the fault.
    """
    answered = runbook.scaled(ANSWERED, site.scale)
    _until(lambda: len(site.prometheus.now(answered)) == len(site.places), REST_S)
    with suppress(MeasurementFailed):
        _until(lambda: fault.alert not in _alerts(site), REST_S)
    usual_s = USUAL_S * site.scale
    time.sleep(max(usual_s, site.started_s + fault.history_s * site.scale - time.monotonic()))
    seen_before = _seen(site, fault)
    before = _furthest(site, fault.signal, usual_s)
    already, started_s = _alerts(site, "firing"), time.monotonic()
    fired_s: float | None = None
    query: Query | None = None
    with fault.induced(site), suppress(MeasurementFailed):
        _until(lambda: fault.alert in _alerts(site, "firing"), FIRES_S)
        fired_s = time.monotonic() - started_s
        query = _until(lambda: _told_while_firing(site, fault), NAMED_S)
    during = _furthest(site, fault.signal, time.monotonic() - started_s)
    others = sorted(_alerts(site, "firing") - already - {fault.alert})
    return Sighting(fault, before, during, fired_s, query, seen_before, others)


def _seen(site: Site, fault: Fault) -> str | None:
    """What there is to be seen of a fault, if something is."""
    if fault.alert in _alerts(site):
        return f"{fault.alert} had something to say"
    query = _telling(site, fault)
    return None if query is None else f'"{query.shows}" named the cause'


def _told_while_firing(site: Site, fault: Fault) -> Query | None:
    return _telling(site, fault) if fault.alert in _alerts(site, "firing") else None


def _telling(site: Site, fault: Fault) -> Query | None:
    """The query of the runbook that names the cause now, if one does."""
    cause = fault.cause.at(site.places)
    asked = filter(cause.is_asked_by, runbook.of_alert(fault.alert, site.scale))
    return next((query for query in asked if cause.is_named_by(site.prometheus.now(query.expr))), None)


def _furthest(site: Site, signal: Signal, seconds: float) -> float:
    """The largest value of a signal over the last seconds, or the smallest where it is to fall; 0 where there is none."""
    end_s = time.time()
    expr = runbook.scaled(signal.expr, site.scale)
    found = site.prometheus.over(expr, start_s=end_s - seconds, end_s=end_s, step_s=SCRAPE_S)
    values = [value for series in found for value in series.values] or [0.0]
    return max(values) if signal.rises else min(values)


def _alerts(site: Site, *states: str) -> set[str]:
    """The alerts that are in one of these states, or in any."""
    found = site.prometheus.now("ALERTS")
    return {each.labels["alertname"] for each in found if not states or each.labels["alertstate"] in states}


def _until(ask: Callable[[], Found], seconds: float) -> Found:
    """What is asked for, once it is true; MeasurementFailed where it is not by then."""
    end_s = time.monotonic() + seconds
    while not (found := ask()):
        if time.monotonic() > end_s:
            raise MeasurementFailed(f"found nothing in {seconds:g} s, expected an answer to each query")
        time.sleep(POLL_S)
    return found
