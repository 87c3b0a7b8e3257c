"""Two servers are compared within a turn, under callers who wait and under those who do not."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.client import post
from benchmarks.cpu_time import Load, Spent, Turn, closed_load, figures, main, measure, open_load
from benchmarks.errors import MeasurementFailed
from tests.benchmarks.scripted import answer, scripted


def spent(cpu_us: float, errors: int = 0) -> Spent:
    return Spent(cpu_us, cpu_us / 100, cpu_us / 10, errors)


def test_the_ratio_is_taken_within_a_turn() -> None:
    turns = [Turn(spent(100), spent(200)), Turn(spent(300), spent(300, 1)), Turn(spent(90, 2), spent(100))]
    assert figures(turns) == {
        "cpu_ratio": 0.9,
        "p50_ratio": 0.9,
        "cpu_us_here": 100,
        "p50_ms_here": 1,
        "p99_ms_here": 10,
        "cpu_us_there": 200,
        "p50_ms_there": 2,
        "p99_ms_there": 20,
        "errors": 3,
    }


@pytest.mark.parametrize("load", [closed_load(4), open_load(500.0)])
def test_a_load_sends_all_and_counts_what_was_not_answered_well(load: Load) -> None:
    async def seen() -> tuple[Sequence[float], int]:
        async with scripted(lambda body: [answer(int(body), b"{}")]) as (port, _):
            requests = [post("/parse", status) for status in (b"200", b"200", b"200", b"429")] * 20
            return await asyncio.to_thread(load, port, requests)

    latencies_s, errors = asyncio.run(seen())
    assert (len(latencies_s), errors) == (60, 20)
    assert min(latencies_s) > 0


def test_what_is_no_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MeasurementFailed, match="--against: found no checkout at"):
        measure(tmp_path, [], turns=1, load=closed_load(1))
    with pytest.raises(SystemExit):
        main(["--turns", "1"])
