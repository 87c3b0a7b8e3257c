"""Faults of nobody's: callers say something else than they used to."""

from contextlib import AbstractContextManager

from benchmarks.gameday import speech
from benchmarks.gameday.fault import Fault, Signal
from benchmarks.gameday.runbook import Cause
from benchmarks.gameday.site import Site


def drift_of_language(site: Site) -> AbstractContextManager[None]:
    """Callers of countries whose languages are not served."""
    return site.callers.saying(speech.with_unserved(site.callers.bodies))


def drift_of_domain(site: Site) -> AbstractContextManager[None]:
    """Callers who ask for what no domain covers."""
    return site.callers.saying(speech.with_foreign(site.callers.bodies))


FAULTS = (
    Fault(
        "drift_of_language",
        Signal(
            "rate of polyparse_utterances_total, unknown_locale",
            'sum(rate(polyparse_utterances_total{outcome="unknown_locale"}[5m]))',
        ),
        "PolyparseUnknownLanguages",
        Cause("polyparse_requests_total", "outcome", "unknown_locale", 0),
        drift_of_language,
    ),
    Fault(
        "drift_of_domain",
        Signal(
            "rate of polyparse_frames_total, refused for their domain",
            'sum(rate(polyparse_frames_total{refused="domain"}[5m]))',
        ),
        "PolyparseOutOfDomainRises",
        Cause("polyparse_frames_total", "locale", "en-US", 0.1),
        drift_of_domain,
        history_s=12_000,
    ),
)
