"""An alarm wakes the loop at its moment, not before, and once."""

import asyncio
from time import perf_counter

from loadtest.alarm import Alarm

BOUND_S = 20.0


def rung(*moments_s: float) -> tuple[list[float], float]:
    """When an alarm rang that was set to each of these moments, one right after the other; and when it was set first."""

    async def main() -> tuple[list[float], float]:
        rang: list[float] = []
        first = asyncio.Event()

        def ring() -> None:
            rang.append(perf_counter())
            first.set()

        start_s = perf_counter()
        with Alarm(ring) as alarm:
            for moment_s in moments_s:
                alarm.set(start_s + moment_s)
            async with asyncio.timeout(BOUND_S):
                await first.wait()
        return rang, start_s

    return asyncio.run(main())


def test_it_rings_once_and_not_before_its_moment() -> None:
    (rang_s,), start_s = rung(0.02)
    assert rang_s >= start_s + 0.02


def test_a_moment_that_has_passed_rings_at_once() -> None:
    (rang_s,), start_s = rung(-1.0)
    assert rang_s >= start_s


def test_a_new_moment_replaces_the_one_before() -> None:
    (rang_s,), start_s = rung(3600.0, 0.02)
    assert start_s + 0.02 <= rang_s < start_s + BOUND_S
