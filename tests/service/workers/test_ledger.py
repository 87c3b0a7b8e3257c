"""What a worker publishes never falls, whatever goes or dies, until a version is gone everywhere."""

from __future__ import annotations

from service.workers.exposition import series_of
from service.workers.ledger import Counted, after, after_death, read_counted

FIRST, SECOND = (series_of("x", {"version": version}) for version in ("1", "2"))


def counted(running: dict[str, float], kept: dict[str, float] | None = None) -> Counted:
    return Counted({"x": running}, {"x": kept} if kept else {})


def test_what_runs_is_published_as_it_is() -> None:
    assert after(counted({FIRST: 3}), {"x": {FIRST: 5}}, {"1"}) == counted({FIRST: 5})


def test_a_version_that_is_gone_here_and_not_elsewhere_is_kept() -> None:
    gone = after(counted({FIRST: 3, SECOND: 1}), {"x": {SECOND: 2}}, {"1", "2"})
    assert gone == counted({SECOND: 2}, {FIRST: 3})
    again = after(gone, {"x": {SECOND: 2, FIRST: 1}}, {"1", "2"})
    assert again == counted({SECOND: 2, FIRST: 1}, {FIRST: 3})
    assert after(again, {"x": {SECOND: 2}}, {"1", "2"}) == counted({SECOND: 2}, {FIRST: 4})


def test_a_version_that_is_gone_everywhere_is_kept_no_longer() -> None:
    assert after(counted({SECOND: 2}, {FIRST: 3}), {"x": {SECOND: 2}}, {"2"}) == counted({SECOND: 2})


def test_while_no_worker_knows_of_a_version_all_are_kept() -> None:
    assert after(counted({}, {FIRST: 3}), {"x": {}}, set()) == counted({}, {FIRST: 3})


def test_who_takes_the_place_of_a_dead_worker_keeps_all_that_it_had() -> None:
    heir = after_death(read_counted(counted({FIRST: 3}, {FIRST: 4, SECOND: 1}).to_bytes()))
    assert heir == Counted({}, {"x": {FIRST: 7, SECOND: 1}})
