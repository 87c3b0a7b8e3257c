"""From the outcomes of requests to figures."""

from collections import Counter
from collections.abc import Sequence

from benchmarks.errors import MeasurementFailed
from benchmarks.overload.callers import LOST, UNANSWERED, UNSENT, Outcome

OK = 200
REFUSED = 429
MOST_OFF = 0.02
"""How far the rate that was really sent may be off; a run that is off by more is void."""
WINDOW_S, GOOD_WINDOWS = 0.25, 4
NAMES = {UNSENT: "unsent", UNANSWERED: "unanswered", LOST: "lost"}


def check_rate(outcomes: Sequence[Outcome], seconds: float) -> None:
    """Raise MeasurementFailed where the callers turned to their requests later than they meant to.

    What waits for a connection is the service's doing, and counts: that is no part of this.
    """
    ends_s = min(outcome.intended_s for outcome in outcomes) + seconds
    wanted = sum(outcome.intended_s < ends_s for outcome in outcomes)
    actual = sum(outcome.turned_to_s < ends_s for outcome in outcomes)
    if wanted - actual > MOST_OFF * wanted:
        raise MeasurementFailed(
            f"found {actual / seconds:.0f} requests a second, expected {wanted / seconds:.0f}: the load came too slowly, "
            "this run is void"
        )


def goodput(outcomes: Sequence[Outcome], seconds: float) -> float:
    """Frames a second."""
    return sum(outcome.status == OK for outcome in outcomes) / seconds


def p99_ms(outcomes: Sequence[Outcome]) -> float:
    """The 99th percentile of the latency of what was answered with a frame; MeasurementFailed where nothing was.

    From the moment at which it was sent: what waits for a connection has not reached the service, which could refuse it.
    """
    latencies_s = sorted(each.done_s - each.sent_s for each in outcomes if each.status == OK)
    if not latencies_s:
        raise MeasurementFailed(f"found no frame among {len(outcomes)} answers: {dict(by_status(outcomes))}")
    return 1000 * latencies_s[len(latencies_s) * 99 // 100]


def failed(outcomes: Sequence[Outcome]) -> int:
    """How many were neither answered with a frame nor told to come again."""
    return sum(outcome.status not in {OK, REFUSED} for outcome in outcomes)


def refused(outcomes: Sequence[Outcome]) -> int:
    """How many were told to come again; MeasurementFailed where there is any other."""
    if others := Counter(outcome.status for outcome in outcomes if outcome.status != REFUSED):
        raise MeasurementFailed(f"found {dict(others)} from a service that is full, expected {REFUSED} alone")
    return len(outcomes)


def lost(outcomes: Sequence[Outcome]) -> int:
    """How many were sent, and never answered."""
    return sum(outcome.status in {LOST, UNANSWERED} for outcome in outcomes)


def by_status(outcomes: Sequence[Outcome]) -> Counter[str]:
    """How many ended in which way."""
    return Counter(NAMES.get(outcome.status, str(outcome.status)) for outcome in outcomes)


def recovery_s(outcomes: Sequence[Outcome], start_s: float, p99_bound_ms: float) -> float:
    """Seconds until the first second of which in no quarter more than a hundredth was refused, failed, or was late.

    The bound is of a 99th percentile, which a hundredth of the requests of any window may exceed. What comes after a good
    second has not to do with the overload before it: a shared machine stands still now and then.
    """
    all_of, missed = Counter[int](), Counter[int]()
    for outcome in outcomes:
        window = int((outcome.intended_s - start_s) // WINDOW_S)
        is_late = 1000 * (outcome.done_s - outcome.sent_s) > p99_bound_ms
        all_of[window] += 1
        missed[window] += outcome.status != OK or is_late
    last = max(all_of)
    good = [missed[window] <= all_of[window] / 100 for window in range(last + 1)]
    starts = (
        window for window in range(last + 2 - GOOD_WINDOWS) if all(good[window : window + GOOD_WINDOWS])
    )
    return WINDOW_S * next(starts, last + 1)
