"""One run: the load, the slow callers, the events and the looks at /metrics, all for as long as the scenario says."""

import asyncio
import gc
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter, thread_time
from typing import NamedTuple

import uvloop

from loadtest import events, scrape, slow_callers
from loadtest.address import Address
from loadtest.events import Done, Variables
from loadtest.generator import OpenLoop
from loadtest.mix import posts
from loadtest.points import Point
from loadtest.scenario import Event, Scenario
from loadtest.schedule import Segment, gaps_of, moments, segments
from loadtest.slo import Slo
from loadtest.slow_callers import Ends
from loadtest.summary import Summary, summarise
from loadtest.texts import Texts
from loadtest.verdict import Verdict, judge, saturation_per_s


class LoadPlan(NamedTuple):
    """What is sent where."""

    scenario: Scenario
    slo: Slo
    texts: Texts
    address: Address
    variables: Variables
    cores: frozenset[int]
    """Those of an event's command."""

    @property
    def rate_per_s(self) -> float:
        """The load of `times = 1`."""
        return self.scenario.rate_per_s or self.slo.load_per_s

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The schedule."""
        return segments(self.scenario.phases, self.rate_per_s)


class Outcomes(NamedTuple):
    """What came of it, before anything is reckoned."""

    points: Sequence[Point]
    done: Sequence[Done]
    slow_ends: Ends
    stage_means_ms: Mapping[str, float]
    busy_share: float
    """Share of a core that the generator took; near 1, it is what was measured."""
    load_average: float
    """Runnable processes of this machine, on average over the minute before the run."""


class Finished(NamedTuple):
    """A run and what is to be said of it."""

    load: LoadPlan
    outcomes: Outcomes
    summary: Summary
    verdict: Verdict

    @property
    def saturation_per_s(self) -> float | None:
        """Where a load that goes beyond the SLO's began to be too much; None where it was not, or does not go beyond."""
        slo = self.load.slo
        most_per_s = max(max(each.from_per_s, each.to_per_s) for each in self.load.segments)
        return saturation_per_s(self.summary.seconds, slo) if most_per_s > slo.load_per_s else None


def run(load: LoadPlan) -> Finished:
    """Carry it out and judge it; raises LoadtestError where it cannot begin."""
    with _no_collections(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        outcomes = runner.run(_carry_out(load))
    summary = summarise(outcomes.points, load.segments, load.slo, outcomes.stage_means_ms)
    failed = sum(not done.is_ok for done in outcomes.done)
    return Finished(load, outcomes, summary, judge(summary, load.slo, failed))


async def _carry_out(load: LoadPlan) -> Outcomes:
    scenario, address = load.scenario, load.address
    happenings = [events.filled(event, load.variables) for event in scenario.events]
    loop = OpenLoop(address, connections=scenario.connections, timeout_s=scenario.timeout_s)
    asked = posts(
        scenario.mix, load.texts, address, seed=scenario.seed, timing_share=scenario.server_timing_share
    )
    load_average, _, _ = os.getloadavg()
    before = scrape.look(address)
    done: list[Done] = []
    async with slow_callers.present(address, scenario.slow_callers) as ends:
        began_s, began_cpu_s = perf_counter(), thread_time()
        started = asyncio.Event()
        deeds = asyncio.create_task(_perform(happenings, loop, started, load.cores, done))
        try:
            await loop.offer(moments(load.segments, gaps_of(scenario)), asked, started)
            busy_share = (thread_time() - began_cpu_s) / (perf_counter() - began_s)
            await deeds  # each has a time-out
        finally:
            deeds.cancel()
            await asyncio.gather(deeds, return_exceptions=True)
    means_ms = scrape.means_ms(before, scrape.look(address))
    return Outcomes(loop.points, done, Counter(ends), means_ms, busy_share, load_average)


async def _perform(
    happenings: Sequence[Event],
    loop: OpenLoop,
    started: asyncio.Event,
    cores: frozenset[int],
    done: list[Done],
) -> None:
    await started.wait()
    await events.perform(happenings, loop.start_s, cores, done)


@contextmanager
def _no_collections() -> Iterator[None]:
    """A collection stops the generator for as long as some requests take, and a run makes few cycles."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
