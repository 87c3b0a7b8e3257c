"""What was lost follows from records, stages and ends alone."""

import pytest

from benchmarks.open_loop import NO_ANSWER, Record
from benchmarks.rollout.figures import figures, lost_by, stale, together
from benchmarks.rollout.pod import Ended
from benchmarks.rollout.site import Stage

STAGES = [Stage("restart", 1.0, 2.0, "a"), Stage("promote", 3.0, 4.0, "b"), Stage("rollback", 5.0, 6.0, "a")]


def record(at_s: float, status: int = 200, *, version: str | None = "a", takes_s: float = 0.01) -> Record:
    return Record(at_s, at_s, at_s + takes_s, status, version)


@pytest.mark.parametrize(
    ("status", "lost", "refused"), [(200, 0, 0), (429, 0, 1), (503, 1, 0), (502, 1, 0), (NO_ANSWER, 1, 0)]
)
def test_whatever_is_no_frame_is_lost_but_for_a_429(status: int, lost: int, refused: int) -> None:
    found = figures([record(0.5), record(1.5, status)], STAGES, [])
    assert (found["lost"], found["lost_restart"], found["refused"], found["requests"]) == (
        lost,
        lost,
        refused,
        2,
    )
    assert found["lost_promote"] == 0


def test_what_was_lost_is_told_by_what_became_of_it() -> None:
    assert lost_by([record(0, NO_ANSWER), record(1, 503), record(2, 503), record(3, 429), record(4)]) == {
        "no answer": 1,
        "status 503": 2,
    }


@pytest.mark.parametrize(
    ("at_s", "version", "expected"),
    [
        (2.5, "a", 0),
        (3.5, "a", 0),
        (3.5, "b", 0),
        (4.5, "b", 0),
        (4.5, "a", 1),
        (5.5, "b", 0),
        (6.5, "b", 1),
        (6.5, "a", 0),
    ],
)
def test_an_answer_by_a_version_that_all_pods_have_left_is_stale(
    at_s: float, version: str, expected: int
) -> None:
    assert stale([record(at_s, version=version)], STAGES) == expected


def test_an_answer_that_was_waited_for_until_the_next_change_may_be_of_either_version() -> None:
    assert stale([record(4.9, version="a", takes_s=0.2)], STAGES) == 0
    assert stale([record(4.9, version="b", takes_s=0.2)], STAGES) == 0


def test_ends_are_counted_by_how_they_were() -> None:
    found = figures(
        [record(0.5)], STAGES, [Ended(10.5, 0, False), Ended(40.0, -9, True), Ended(3.0, 1, False)]
    )
    assert (found["killed"], found["unclean"], found["longest_end_s"]) == (1, 2, 40.0)


def test_counts_of_rehearsals_are_added_up_and_the_worst_of_the_rest_counts() -> None:
    bad = figures([record(1.5, 503), record(1.6, takes_s=0.4)], STAGES, [])
    found = together([bad, figures([record(1.5)], STAGES, [])])
    assert (found["lost"], found["lost_restart"], found["requests"]) == (1, 1, 3)
    assert found["max_ms"] == pytest.approx(400)
