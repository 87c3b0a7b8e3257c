"""Runs of small batches are spaced where they follow each other closely, and nobody waits whom nobody could join."""

from __future__ import annotations

import pytest

from service.batching.spacing import ENOUGH, MOST_S, SAVED_RUNS, SHARE, Spacing
from tests.service.fakes import FakeClock

RUN_S = 0.001


def spacing(clock: FakeClock, *, inside: int = 4, threads: int = 1, run_s: float = RUN_S) -> Spacing:
    """That of a batcher which has run batches for some time, while so many items were inside."""
    known = Spacing(threads, clock)
    for _ in range(200):
        known.begins(inside)
        clock.now += run_s
        known.ended(run_s)
    return known


@pytest.mark.parametrize("threads", [1, 2])
def test_runs_take_a_share_of_the_time(threads: int) -> None:
    clock = FakeClock()
    known = spacing(clock, threads=threads)
    began_s = clock.now
    for _ in range(1000):
        known.begins(4)
        clock.now += known.left_s(1, 1)
    share = 1000 * RUN_S / (clock.now - began_s) / threads
    assert share == pytest.approx(SHARE, rel=0.02)


def test_what_was_saved_may_be_spent_at_once() -> None:
    clock = FakeClock()
    known = spacing(clock)
    clock.now += 1.0
    at_once = 0
    while not known.left_s(1, 1):
        known.begins(4)
        at_once += 1
    assert at_once == pytest.approx(SAVED_RUNS * SHARE, abs=1)


@pytest.mark.parametrize(("items", "tokens", "waits"), [(3, 30, True), (4, 4, False), (1, ENOUGH, False)])
def test_all_who_are_usually_inside_and_a_large_batch_wait_for_nobody(
    items: int, tokens: int, waits: bool
) -> None:
    clock = FakeClock()
    known = spacing(clock)
    assert (known.left_s(items, tokens) > 0) == waits


def test_a_caller_alone_never_waits() -> None:
    clock = FakeClock()
    known = spacing(clock, inside=1)
    assert known.left_s(1, 10) == 0.0


def test_who_is_alone_again_is_found_out() -> None:
    clock = FakeClock()
    known = spacing(clock, inside=2)
    waited = []
    for _ in range(20):
        waited.append(known.left_s(1, 10) > 0)
        known.begins(1)
        clock.now += RUN_S
        known.ended(RUN_S)
    assert waited[0]
    assert not waited[-1]


@pytest.mark.parametrize("run_s", [0.05, 10.0])
def test_however_long_runs_take_none_is_kept_back_for_long(run_s: float) -> None:
    clock = FakeClock()
    known = spacing(clock, run_s=run_s)
    known.begins(4)
    assert known.left_s(1, 1) <= MOST_S + 1e-9
    clock.now += run_s
    assert known.left_s(1, 1) == 0.0
