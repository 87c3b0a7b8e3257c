"""Figures of overload, on outcomes that are made up; and callers before a real service."""

from __future__ import annotations

import asyncio
import sys

import pytest

from benchmarks import command
from benchmarks.client import on_uvloop, post
from benchmarks.errors import MeasurementFailed
from benchmarks.open_loop import uniform
from benchmarks.overload import figures
from benchmarks.overload.__main__ import Plan, measure_refusal
from benchmarks.overload.callers import LOST, UNANSWERED, UNSENT, Callers, Outcome
from benchmarks.overload.heavy import CHARS, N_BEST, requests
from benchmarks.process import started


def outcome(intended_s: float, ms: float = 10.0, status: int = 200, *, late_s: float = 0.0) -> Outcome:
    sent_s = intended_s + late_s
    return Outcome(intended_s, sent_s, sent_s, sent_s + ms / 1000, status)


def test_goodput_counts_frames_alone() -> None:
    outcomes = [outcome(i / 100) for i in range(100)] + [outcome(0.5, status=429), outcome(0.5, status=LOST)]
    assert figures.goodput(outcomes, 2.0) == 50
    assert figures.failed(outcomes) == 1
    assert figures.lost(outcomes) == 1


def test_what_was_never_sent_has_failed_and_is_not_lost() -> None:
    outcomes = [outcome(0.1, status=UNSENT), outcome(0.1, status=UNANSWERED), outcome(0.1, status=503)]
    assert (figures.failed(outcomes), figures.lost(outcomes)) == (3, 1)


def test_refusals_are_counted_where_there_is_nothing_else() -> None:
    outcomes = [outcome(0.1, status=429)] * 3
    assert figures.refused(outcomes) == 3
    with pytest.raises(
        MeasurementFailed, match=r"found \{200: 1\} from a service that is full, expected 429 alone"
    ):
        figures.refused([*outcomes, outcome(0.1)])


def test_p99_is_that_of_frames_from_the_moment_at_which_they_were_sent() -> None:
    outcomes = [outcome(i / 100, ms=1 + i, late_s=0.3) for i in range(100)]
    outcomes += [outcome(0.1, ms=0.1, status=429)] * 1000
    assert figures.p99_ms(outcomes) == pytest.approx(100)
    with pytest.raises(MeasurementFailed, match="found no frame among 1 answers"):
        figures.p99_ms([outcome(0.1, status=429)])


def test_a_load_that_comes_too_slowly_is_void() -> None:
    on_time = [outcome(i / 100) for i in range(100)]
    figures.check_rate(on_time, 1.0)
    late = [outcome(i / 100, late_s=0.05 if i > 90 else 0.0) for i in range(100)]
    with pytest.raises(
        MeasurementFailed, match=r"found 95 requests a second, expected 100: .* this run is void"
    ):
        figures.check_rate(late, 1.0)


def test_recovery_lasts_until_a_second_in_no_quarter_of_which_more_than_a_hundredth_was_served_ill() -> None:
    outcomes = [outcome(10 + i / 1000) for i in range(3000)]
    assert figures.recovery_s(outcomes, 10.0, 60.0) == 0
    outcomes += [outcome(10.1, status=429)] * 2
    assert figures.recovery_s(outcomes, 10.0, 60.0) == 0
    outcomes.append(outcome(10.2, status=429))
    assert figures.recovery_s(outcomes, 10.0, 60.0) == 0.25
    late = [outcome(11.1, ms=200)] * 4
    assert figures.recovery_s([*outcomes, *late], 10.0, 60.0) == 1.25
    assert figures.recovery_s([*outcomes, *late, *[outcome(12.1, ms=200)] * 4], 10.0, 60.0) == 3.0


def test_a_stall_after_a_good_second_is_none_of_it() -> None:
    outcomes = [outcome(10 + i / 1000) for i in range(3000)]
    assert figures.recovery_s([*outcomes, *[outcome(11.1, ms=200)] * 4], 10.0, 60.0) == 0


def test_heavy_requests_are_of_as_many_characters_and_no_two_are_alike() -> None:
    drawn = requests()
    first, second = next(drawn), next(drawn)
    assert first != second
    assert first.count(b"\\u") >= CHARS * 0.5
    assert f'"n_best": {N_BEST}'.encode() in first


def test_callers_send_every_request_once_and_on_time() -> None:
    request = post("/parse", b'{"text": "wake me up"}')

    async def main(port: int) -> Callers:
        async with Callers(port, [request], uniform(200.0), connections=8) as callers:
            await asyncio.sleep(0.5)
        return callers

    with started([sys.executable, "-m", "benchmarks.echo"], core=None) as server:
        callers = on_uvloop(lambda: main(server.port))
    assert {each.status for each in callers.outcomes} == {200}
    assert 80 <= len(callers.outcomes) <= 140
    assert all(each.intended_s <= each.turned_to_s <= each.sent_s <= each.done_s for each in callers.outcomes)


def test_a_full_service_refuses_all_and_what_that_costs_is_seen() -> None:
    """By processes of their own, as the benchmark has them; a second of it."""
    found = measure_refusal(
        str(command.ROOT / "models"), None, [post("/parse", b'{"text": "a"}')], Plan(seconds=1, probe=1)
    )
    assert found.keys() == {"refusal_us"}
    assert 0 < found["refusal_us"] < 1e6
