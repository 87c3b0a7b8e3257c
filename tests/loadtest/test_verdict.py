"""A run passes where the SLO is kept at the load that was really sent; a load that was not sent shows nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadtest.points import Point
from loadtest.schedule import Segment
from loadtest.slo import Slo
from loadtest.summary import Summary, summarise
from loadtest.verdict import judge, saturation_per_s

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SLO = Slo(load_per_s=100, good_share=0.999, in_time_ms=250, p99_ms=50)
JUDGED = Segment("steady", 0.0, 10.0, 100.0, 100.0, judged=True)
WARM_UP = JUDGED._replace(phase="warm-up", judged=False)


def answered(number: int) -> Point:
    """The request of that number, of 100 a second: sent in time, answered within 10 ms."""
    moment_s = number / 100
    return Point(moment_s, moment_s + 0.001, moment_s + 0.01, "ok", 200, "parse", "1")


def summary_of(
    change: Callable[[Point], Point], numbers: Sequence[int], segment: Segment = JUDGED
) -> Summary:
    """Of 1,000 requests, some of them changed."""
    points = [change(answered(number)) if number in numbers else answered(number) for number in range(1000)]
    return summarise(points, [segment], SLO, {})


def refused(point: Point) -> Point:
    return point._replace(outcome="refused", status=429)


def slow(point: Point) -> Point:
    return point._replace(done_s=point.intended_s + 0.1)


def unsent(point: Point) -> Point:
    return point._replace(turned_s=30.0, done_s=30.1)


CASES = {
    "all is well": (refused, [], "pass"),
    "one in a thousand is not good": (refused, [500], "pass"),
    "two in a thousand are not good": (refused, [500, 600], "fail"),
    "one in a hundred is slow": (slow, range(0, 1000, 100), "pass"),
    "more are slow": (slow, range(0, 1000, 90), "fail"),
    "two in a hundred were not sent in their time": (unsent, range(0, 1000, 45), "void"),
}


@pytest.mark.parametrize(("change", "numbers", "word"), CASES.values(), ids=CASES)
def test_the_word_is_that_of_the_judged_requests(
    change: Callable[[Point], Point], numbers: Sequence[int], word: str
) -> None:
    assert judge(summary_of(change, numbers), SLO, 0).word == word


def test_what_is_not_judged_fails_nothing() -> None:
    assert judge(summary_of(refused, range(1000), WARM_UP), SLO, 0).word == "unjudged"


def test_an_event_that_failed_fails_the_run() -> None:
    verdict = judge(summary_of(refused, []), SLO, 1)
    assert verdict.word == "fail"
    assert [check.name for check in verdict.checks if not check.is_met] == ["events_failed"]


def test_refusals_in_no_time_do_not_make_the_p99_better() -> None:
    verdict = judge(summary_of(refused, range(0, 1000, 50)), SLO, 0)
    assert {check.name for check in verdict.checks if not check.is_met} == {"good_share", "p99_ms"}


def test_saturation_is_where_three_seconds_in_a_row_miss_the_slo() -> None:
    once = summary_of(refused, range(200, 300))
    assert saturation_per_s(once.seconds, SLO) is None
    for_good = summary_of(refused, [*range(200, 300), *range(500, 1000)])
    assert saturation_per_s(for_good.seconds, SLO) == 100
