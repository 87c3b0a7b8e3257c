"""What is left of a service's capacity when more is asked of it than it has: goodput, latency, memory, recovery.

The service runs on one core, its callers on another. Capacity is that of callers who wait for their answers, before a level
and after it: a shared core does more at some times than at others. Callers who do not wait ask for 0.8, 1.5, 2 and 3 times
as much over 32, 500 and 2,000 connections, and after that for 0.8 again.
The same at 10 times with requests of ten hypotheses each, which take long: there it counts what a refusal costs.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice, pairwise
from statistics import fmean
from time import perf_counter
from typing import NamedTuple

from benchmarks import command
from benchmarks.client import HOST, on_uvloop, post, send
from benchmarks.cores import pinned, split_here
from benchmarks.crew import cpu_seconds
from benchmarks.open_loop import poisson
from benchmarks.overload import figures
from benchmarks.overload.callers import Callers, Outcome
from benchmarks.overload.heavy import HeavyCallers
from benchmarks.process import Server, started
from benchmarks.resident import resident_mb
from benchmarks.result import Result, Target
from benchmarks.serving import PARSE, utterances_for
from polyparse.bundle import store

TARGETS = {
    "goodput_1.5x": Target(">=", 0.85),
    "goodput_2x": Target(">=", 0.75),
    "goodput_3x": Target(">=", 0.5),
    "goodput_10x_slow": Target(">=", 0.9),
    "p99_over_bound": Target("<=", 1.0),
    "refusal_us": Target("<=", 50.0),
    "recovery_s": Target("<=", 2.0),
    "fair_p99_ratio": Target("<=", 5.0),
    "fair_goodput": Target(">=", 0.5),
    "lost_on_sigterm": Target("==", 0),
    "rss_growth_mb": Target("<=", 64.0),
    "live_max_ms": Target("<=", 100.0),
    "client_busy": Target("<=", 0.8),
}
CONNECTIONS = (32, 500, 2000)
LEVELS = (1.5, 2.0, 3.0)
USUAL = 0.8
SLOW, SLOW_LEVEL, N_BEST = 2000, 10.0, 10
FAIR, FAIR_LEVEL = 32, 0.6
FULL = [sys.executable, "-m", "benchmarks.full", "--device", "cpu", "--lame-duck-s", "0"]
REFUSED_PER_S, REFUSED_OVER = 5000.0, 64
ENDING, ENDING_LEVEL, LAME_DUCK_S = 256, 0.5, 1.0
MAX_WAIT_MS = 50.0
"""The service's own bound, by default."""
SEED = 7
N_UTTERANCES = 4000
CLOSED = 32
LIVE_EVERY_S = 0.1


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How long each level lasts, and how many requests tell the capacity."""

    seconds: int
    probe: int


class Level(NamedTuple):
    """What one level of load came to."""

    outcomes: Sequence[Outcome]
    start_s: float
    client_busy: float
    live_ms: Sequence[float]


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.overload", __doc__)
    command.counts(
        parser,
        ("--seconds", 6, "seconds of each level of load"),
        ("--probe", 8000, "requests that tell the capacity"),
    )
    options = parser.parse_args(argv)
    plan = Plan(seconds=options.seconds, probe=options.probe)

    def measure_it() -> Result:
        located = store.locate(options.bundle)
        utterances = utterances_for(options.corpus, N_UTTERANCES, located.bundle)
        bodies = [{"text": each.text, "locale": each.locale} for each in utterances]
        quick = [post("/parse", json.dumps(body).encode()) for body in bodies]
        slow = [post("/parse", json.dumps(body | {"n_best": N_BEST}).encode()) for body in bodies]
        return Result("overload", measure(str(options.bundle), quick, slow, plan), TARGETS)

    return command.run(measure_it, json=options.json)


def measure(models: str, quick: Sequence[bytes], slow: Sequence[bytes], plan: Plan) -> dict[str, float]:
    """The figures; the worst of all numbers of connections."""
    cores = split_here()
    with pinned(cores.load):
        found = [_measure_over(models, cores.server, quick, plan, count) for count in CONNECTIONS]
        slow_found = _measure_slow(models, cores.server, slow, plan)
        others = _measure_fair(models, cores.server, quick, plan)
        others |= _measure_end(models, cores.server, quick, plan)
        others |= measure_refusal(models, cores.server, quick, plan)
    worst = {key: max(each[key] for each in found) for key in found[0]}
    worst |= {key: min(each[key] for each in found) for key in found[0] if key.startswith("goodput")}
    worst["capacity_per_s"] = min(each["capacity_per_s"] for each in found)
    worst |= {"client_busy": max(worst["client_busy"], slow_found["client_busy"])}
    by_count = {
        f"{key}_{count}": each[key]
        for count, each in zip(CONNECTIONS, found, strict=True)
        for key in ("goodput_3x", "p99_ms_3x", "p99_ms_usual")
    }
    return slow_found | worst | others | by_count


def _measure_over(
    models: str, core: int | None, requests: Sequence[bytes], plan: Plan, connections: int
) -> dict[str, float]:
    with started([*PARSE, "--models", models], core=core) as server:
        capacities = [_capacity(server, requests, plan.probe)]
        usual = _level(server, requests, USUAL * capacities[0], plan, connections)
        before_mb = resident_mb(server.pid)
        levels = {}
        for level in LEVELS:
            levels[level] = _level(server, requests, level * capacities[-1], plan, connections)
            if level is LEVELS[-1]:
                after_mb = resident_mb(server.pid)
                again = _level(server, requests, USUAL * min(capacities), plan, connections)
            capacities.append(_capacity(server, requests, plan.probe))
    bound_ms = MAX_WAIT_MS + 2 * figures.p99_ms(usual.outcomes)
    result = {
        "capacity_per_s": min(capacities),
        "p99_ms_usual": figures.p99_ms(usual.outcomes),
        "recovery_s": figures.recovery_s(again.outcomes, again.start_s, bound_ms),
        "rss_growth_mb": after_mb - before_mb,
        "live_max_ms": max(max(level.live_ms) for level in levels.values()),
        "failed": sum(figures.failed(level.outcomes) for level in levels.values()),
        "client_busy": max(level.client_busy for level in levels.values()),
        "p99_over_bound": max(figures.p99_ms(level.outcomes) for level in levels.values()) / bound_ms,
    }
    for (level, found), beside in zip(levels.items(), pairwise(capacities), strict=True):
        result[f"goodput_{level:g}x"] = figures.goodput(found.outcomes, plan.seconds) / fmean(beside)
        result[f"p99_ms_{level:g}x"] = figures.p99_ms(found.outcomes)
        print(
            f"{connections} connections, {level:g} x of {beside[0]:.0f} to {beside[1]:.0f} a second: "
            f"{dict(figures.by_status(found.outcomes))}",
            file=sys.stderr,
        )
    return result


def _measure_slow(models: str, core: int | None, requests: Sequence[bytes], plan: Plan) -> dict[str, float]:
    with started([*PARSE, "--models", models], core=core) as server:
        before_per_s = _capacity(server, requests, plan.probe // N_BEST)
        level = _level(server, requests, SLOW_LEVEL * before_per_s, plan, SLOW)
        capacity_per_s = fmean((before_per_s, _capacity(server, requests, plan.probe // N_BEST)))
    print(f"{SLOW_LEVEL:g} x of slow ones: {dict(figures.by_status(level.outcomes))}", file=sys.stderr)
    return {
        "slow_capacity_per_s": capacity_per_s,
        "goodput_10x_slow": figures.goodput(level.outcomes, plan.seconds) / capacity_per_s,
        "client_busy": level.client_busy,
    }


def _measure_fair(models: str, core: int | None, requests: Sequence[bytes], plan: Plan) -> dict[str, float]:
    """What light callers get beside heavy ones."""
    with started([*PARSE, "--models", models], core=core) as server:
        capacity_per_s = _capacity(server, requests, plan.probe)
        per_s = FAIR_LEVEL * capacity_per_s
        alone = _level(server, requests, per_s, plan, FAIR)
        beside, answers = on_uvloop(partial(_load_beside, server.port, requests, per_s, plan.seconds))
    print(f"beside heavy callers: {dict(figures.by_status(beside))}, they {answers}", file=sys.stderr)
    return {
        "fair_p99_ratio": figures.p99_ms(beside) / figures.p99_ms(alone.outcomes),
        "fair_goodput": figures.goodput(beside, plan.seconds) / capacity_per_s,
        "fair_p99_ms_alone": figures.p99_ms(alone.outcomes),
        "fair_heavy_per_s": answers.get(b"200", 0) / plan.seconds,
    }


async def _load_beside(
    port: int, requests: Sequence[bytes], per_s: float, seconds: int
) -> tuple[Sequence[Outcome], dict[bytes, int]]:
    async with HeavyCallers(port) as heavy:
        level = await _load(port, requests, per_s, seconds, FAIR)
    return level.outcomes, heavy.answers


def _measure_end(models: str, core: int | None, requests: Sequence[bytes], plan: Plan) -> dict[str, float]:
    """What callers lose when the service is asked to end."""
    flags = ["--lame-duck-s", str(LAME_DUCK_S)]
    with started([*PARSE, "--models", models, *flags], core=core) as server:
        per_s = ENDING_LEVEL * _capacity(server, requests, plan.probe)
        outcomes = on_uvloop(partial(_load_to_the_end, server, requests, per_s))
    print(f"at the end: {dict(figures.by_status(outcomes))}", file=sys.stderr)
    return {"lost_on_sigterm": figures.lost(outcomes)}


async def _load_to_the_end(server: Server, requests: Sequence[bytes], per_s: float) -> Sequence[Outcome]:
    async with Callers(server.port, requests, poisson(per_s, SEED), connections=ENDING) as callers:
        await asyncio.sleep(1)
        os.kill(server.pid, signal.SIGTERM)
        await asyncio.sleep(LAME_DUCK_S + 1)
    return callers.outcomes


def measure_refusal(models: str, core: int | None, requests: Sequence[bytes], plan: Plan) -> dict[str, float]:
    """The processor time of a refusal from the head, the kernel's included, by a service that does nothing else."""
    with started([*FULL, "--models", models], core=core) as server:
        _level(server, requests, REFUSED_PER_S, plan, REFUSED_OVER)
        before_s = cpu_seconds(server.pid)
        level = _level(server, requests, REFUSED_PER_S, plan, REFUSED_OVER)
        spent_s = cpu_seconds(server.pid) - before_s
    return {"refusal_us": 1e6 * spent_s / figures.refused(level.outcomes)}


def _capacity(server: Server, requests: Sequence[bytes], count: int) -> float:
    send(server.port, list(islice(cycle(requests), count // 4)), connections=CLOSED)
    return send(server.port, list(islice(cycle(requests), count)), connections=CLOSED).per_s


def _level(server: Server, requests: Sequence[bytes], per_s: float, plan: Plan, connections: int) -> Level:
    level = on_uvloop(partial(_load, server.port, requests, per_s, plan.seconds, connections))
    figures.check_rate(level.outcomes, plan.seconds)
    return level


async def _load(port: int, requests: Sequence[bytes], per_s: float, seconds: int, connections: int) -> Level:
    live_ms: list[float] = []
    async with Callers(port, requests, poisson(per_s, SEED), connections=connections) as callers:
        probing = asyncio.create_task(_probe(port, live_ms))
        await asyncio.sleep(seconds)
        probing.cancel()
    return Level(callers.outcomes, callers.start_s, callers.cpu_share, live_ms or [0.0])


async def _probe(port: int, live_ms: list[float]) -> None:
    """Ask whether the process lives, over a new connection each time, as a kubelet does."""
    while True:
        begun_s = perf_counter()
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(b"GET /health/live HTTP/1.1\r\nhost: s\r\nconnection: close\r\n\r\n")
        await reader.read()
        live_ms.append(1000 * (perf_counter() - begun_s))
        writer.close()
        await asyncio.sleep(LIVE_EVERY_S)


if __name__ == "__main__":
    sys.exit(main())
