"""A fault is seen if its metric moved, its alert fired and its runbook told, and nothing of that came before it."""

from contextlib import nullcontext

import pytest

from benchmarks.gameday.exercise import Sighting
from benchmarks.gameday.fault import Fault, Signal
from benchmarks.gameday.report import report
from benchmarks.gameday.runbook import Cause, Query

RISES = Signal("refusals_total", "refusals_total")
FALLS = Signal("readable", "readable", rises=False)
FAULT = Fault(
    "full", RISES, "TooMany", Cause("refusals_total", "reason", "queue_full", 0), lambda _: nullcontext()
)
SEEN = Sighting(FAULT, 0, 900, 4.25, Query("by reason", "refusals_total"), None, ("BurnsFast",))


@pytest.mark.parametrize(
    ("signal", "before", "during", "expected"),
    [
        (RISES, 0, 0.1, True),
        (RISES, 2, 3.1, True),
        (RISES, 2, 3, False),
        (RISES, 0, 0, False),
        (RISES, 2, 0, False),
        (FALLS, 1, 0, True),
        (FALLS, 1, 0.9, False),
        (FALLS, 0, 0, False),
        (FALLS, 0, 1, False),
    ],
)
def test_a_metric_moves_to_its_own_side_and_by_half_at_least(
    signal: Signal, before: float, during: float, expected: bool
) -> None:
    assert signal.has_moved(before, during) is expected


@pytest.mark.parametrize(
    "unseen",
    [
        SEEN._replace(during=0),
        SEEN._replace(fired_s=None),
        SEEN._replace(query=None),
        SEEN._replace(seen_before="TooMany had something to say"),
    ],
)
def test_without_one_of_them_it_is_not_seen(unseen: Sighting) -> None:
    assert SEEN.is_seen
    assert not unseen.is_seen


def test_the_report_says_what_moved_what_fired_and_what_told() -> None:
    assert report([SEEN, SEEN._replace(fired_s=None, query=None, others=())]).splitlines() == [
        "full: seen",
        "  metric   refusals_total: 0 -> 900",
        "  alert    TooMany after 4.2 s (besides: BurnsFast)",
        '  runbook  "by reason" names reason=queue_full',
        "",
        "full: NOT SEEN",
        "  metric   refusals_total: 0 -> 900",
        "  alert    TooMany did not fire",
        "  runbook  no query names reason=queue_full",
    ]


def test_the_report_says_what_was_there_before() -> None:
    early = SEEN._replace(seen_before="TooMany had something to say")
    assert "  runbook  not asked: TooMany had something to say before the fault" in report([early])
