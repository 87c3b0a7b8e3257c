"""Faults that a promote brings in."""

from contextlib import AbstractContextManager

from benchmarks.gameday import faulty_bundle
from benchmarks.gameday.fault import Fault, Signal
from benchmarks.gameday.runbook import Cause
from benchmarks.gameday.site import Site

SLOW, FAILING, DAMAGED = "slow", "failing", "damaged"


def slow_model(site: Site) -> AbstractContextManager[None]:
    """A version that takes far too long over long texts."""
    return site.promoted(SLOW, faulty_bundle.slow)


def failing_model(site: Site) -> AbstractContextManager[None]:
    """A version that fails on long texts."""
    return site.promoted(FAILING, faulty_bundle.failing)


def bad_promote(site: Site) -> AbstractContextManager[None]:
    """A version that was damaged on its way."""
    return site.wished(DAMAGED, faulty_bundle.damaged)


FAULTS = (
    Fault(
        "slow_model",
        Signal(
            "p99 of polyparse_request_seconds",
            "histogram_quantile(0.99, sum by (le)"
            ' (rate(polyparse_request_seconds_bucket{endpoint="parse",outcome="ok"}[5m])))',
        ),
        "PolyparseLatencyHigh",
        Cause("polyparse_request_seconds", "version", SLOW, 0.05),
        slow_model,
    ),
    Fault(
        "failing_model",
        Signal(
            "rate of polyparse_request_seconds, failed",
            'sum(rate(polyparse_request_seconds_count{endpoint="parse",outcome="failed"}[5m]))',
        ),
        "PolyparseErrorBudgetBurnsFast",
        Cause("polyparse_request_seconds", "version", FAILING, 0),
        failing_model,
    ),
    Fault(
        "bad_promote",
        Signal("polyparse_version_info, failed", 'count(polyparse_version_info{state="failed"})'),
        "PolyparseVersionFails",
        Cause("polyparse_version_info", "version", DAMAGED, 0),
        bad_promote,
    ),
)
