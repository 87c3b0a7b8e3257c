"""One round of measurements of a real server: callers who wait, batches alone, callers who do not wait."""

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from statistics import median
from typing import NamedTuple

from benchmarks.client import on_uvloop, post, send
from benchmarks.errors import MeasurementFailed
from benchmarks.fleet import burst
from benchmarks.fleet.burst import Burst
from benchmarks.fleet.counters import Counters, loop_s
from benchmarks.fleet.fit import LoadSeen, RunsSeen
from benchmarks.fleet.service_times import Work
from benchmarks.open_loop import poisson
from benchmarks.overload import figures
from benchmarks.overload.callers import Callers
from benchmarks.process import Server
from benchmarks.serving import request
from loadtest.percentiles import percentile
from polyparse.contract.frame import Utterance

WAITING = (1, 4, 12, 32)
"""Callers who wait for their answers; the last number of them tells the capacity. All of them together are no more tokens
than a batch may have, so that none is refused, however slow the machine is."""
SIZES = (1, 2, 4, 8, 16, 32)
"""Of batches that are all that a server does: of the shortest utterances, of the longest ones, of any."""
REPEATS = 8
CONNECTIONS = 256


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is measured: rounds, requests of callers who wait, and how long those come who do not.

    `levels` are their rates, as shares of the capacity.
    """

    rounds: int
    requests: int
    level_s: int
    levels: Sequence[float]


class Level(NamedTuple):
    """What callers who do not wait saw: percentiles of those who were answered, and how many were, a second."""

    p50_ms: float
    p99_ms: float
    goodput_per_s: float


class Offered(NamedTuple):
    """What came of callers who do not wait: what they saw, and what the server spent on one of them."""

    level: Level
    load: LoadSeen


class Round(NamedTuple):
    """One round; each load is of one request, each of the runs of one batch."""

    loads: Sequence[LoadSeen]
    runs: Sequence[RunsSeen]
    levels: Sequence["Offered | None"]
    """None where the load came too slowly, because something else took the callers' core."""
    capacity_per_s: float
    burst: Burst


class Probe:
    """Measures a server, round by round, by the same requests at the same rates."""

    def __init__(self, server: Server, utterances: Sequence[Utterance], plan: Plan) -> None:
        """The first requests warm the server up; those after them tell the capacity that levels are shares of."""
        self._server, self._plan = server, plan
        self.requests = [request(utterance) for utterance in utterances]
        self.mix = [
            Work.of(utterance.text, len(each.partition(b"\r\n\r\n")[2]))
            for utterance, each in zip(utterances, self.requests, strict=True)
        ]
        self._batches = list(_batches(utterances))
        self._waiting(WAITING[-1])
        self._per_s = median(self._waiting(WAITING[-1])[1] for _ in range(3))

    @property
    def rates_per_s(self) -> Sequence[float]:
        """Those of the levels."""
        return [level * self._per_s for level in self._plan.levels]

    def round(self, number: int) -> Round:
        """All parts, once."""
        waiting = [self._waiting(callers) for callers in WAITING]
        runs = [self._batch(batch) for batch in self._batches]
        levels = [self._level(rate_per_s, number) for rate_per_s in self.rates_per_s]
        middle = sorted(self.requests, key=len)[len(self.requests) // 2]
        at_once = burst.measure(self._server.port, middle, partial(loop_s, self._server.pid))
        return Round([load for load, _ in waiting], runs, levels, waiting[-1][1], at_once)

    def _waiting(self, callers: int) -> tuple[LoadSeen, float]:
        """What one request took, and how many were answered a second."""
        count = self._plan.requests if callers > 1 else self._plan.requests // 4
        before = Counters.before(self._server)
        traffic = send(self._server.port, list(islice(cycle(self.requests), count)), connections=callers)
        after = Counters.after(self._server)
        if traffic.errors:
            raise MeasurementFailed(f"found {dict(traffic.faults)}, expected only answers of 200")
        return _load(before, after, count, traffic.p50_ms), traffic.per_s

    def _batch(self, batch: bytes) -> RunsSeen:
        send(self._server.port, [batch], connections=1)
        before = Counters.before(self._server)
        send(self._server.port, [batch] * REPEATS, connections=1)
        return _runs(before, Counters.after(self._server), REPEATS)

    def _level(self, per_s: float, seed: int) -> Offered | None:
        before = Counters.before(self._server)
        callers = on_uvloop(lambda: self._offer(self.requests, per_s, seed))
        after = Counters.after(self._server)
        outcomes, seconds = callers.outcomes, self._plan.level_s
        try:
            figures.check_rate(outcomes, seconds)
        except MeasurementFailed as error:
            print(error, file=sys.stderr)
            return None
        answered = [each for each in outcomes if each.status == figures.OK]
        latencies_ms = sorted(1000 * (each.done_s - each.sent_s) for each in answered)
        p50_ms, p99_ms = percentile(latencies_ms, 0.5), percentile(latencies_ms, 0.99)
        load = _load(before, after, len(outcomes), p50_ms)
        return Offered(Level(p50_ms, p99_ms, len(answered) / seconds), load)

    async def _offer(self, requests: Sequence[bytes], per_s: float, seed: int) -> Callers:
        async with Callers(
            self._server.port, requests, poisson(per_s, seed), connections=CONNECTIONS
        ) as callers:
            await asyncio.sleep(self._plan.level_s)
        return callers


def _batches(utterances: Sequence[Utterance]) -> Iterator[bytes]:
    by_length = sorted(utterances, key=lambda utterance: len(utterance.text))
    for size in SIZES:
        for chosen in (by_length[:size], by_length[-size:], utterances[:size]):
            items = [{"text": each.text} for each in chosen]
            yield post("/parse/batch", json.dumps({"items": items}, ensure_ascii=False).encode())


def _load(before: Counters, after: Counters, requests: int, p50_ms: float) -> LoadSeen:
    """What one of so many requests took."""
    loop_s, wakes = after.loop_s - before.loop_s, after.wakes - before.wakes
    runs = _runs(before, after, requests)
    return LoadSeen(1.0, runs, loop_s / requests, wakes / requests, p50_ms / 1000)


def _runs(before: Counters, after: Counters, parts: int) -> RunsSeen:
    """What was run between two looks, divided into so many parts."""
    return RunsSeen(
        (after.runs - before.runs) / parts,
        (after.sequences - before.sequences) / parts,
        (after.tokens - before.tokens) / parts,
        (after.threads_s - before.threads_s) / parts,
    )
