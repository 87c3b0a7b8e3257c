"""CPU time that the server spends on a request, here and in another checkout of the repository, by turns.

Both serve their own shipped bundle in this Python environment, on one core, and get the same utterances from another core;
user and system time of the server's process are read before and after. A turn is one pass of each; the ratio is taken
within a turn, so that what else the machine does falls on both. With `--rate`, callers do not wait for one another: below
what the server can do, batches are as small as it makes them.
"""

import asyncio
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks import command, corpus
from benchmarks.client import on_uvloop, send
from benchmarks.cores import pinned, split_here
from benchmarks.crew import cpu_seconds
from benchmarks.errors import MeasurementFailed
from benchmarks.open_loop import Connections, OpenLoad, poisson
from benchmarks.process import Server, started
from benchmarks.result import Result, Target
from benchmarks.serving import request
from loadtest.percentiles import percentile
from polyparse.contract.frame import Utterance

TARGETS = {"cpu_ratio": Target("<=", 1.05), "errors": Target("==", 0)}
OK, SEED = 200, 7
SERVE = [sys.executable, "-m", "polyparse", "serve", "--device", "cpu", "--lame-duck-s", "0"]


class Side(NamedTuple):
    """One of two servers: its command, and the checkout in which it runs."""

    command: Sequence[str]
    folder: Path


class Spent(NamedTuple):
    """Microseconds of CPU time a request, times from request to answer, and how many were not answered with 200."""

    cpu_us: float
    p50_ms: float
    p99_ms: float
    errors: int


class Turn(NamedTuple):
    """A pass of each."""

    here: Spent
    there: Spent


Load = Callable[[int, Sequence[bytes]], tuple[Sequence[float], int]]
"""Sends requests to a port; seconds of each one that was answered, and how many others there are."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.cpu_time", __doc__)
    command.counts(
        parser,
        ("--turns", 12, "turns"),
        ("--utterances", 4000, "utterances of dev, each of which is sent once a pass"),
        ("--connections", 32, "connections"),
    )
    parser.add_argument(
        "--rate",
        type=float,
        metavar="N",
        help="requests a second of callers who do not wait, in place of connections",
    )
    parser.add_argument("--against", type=Path, required=True, metavar="DIR", help="another checkout")
    options = parser.parse_args(argv)
    return command.run(
        lambda: measure(
            options.against,
            corpus.sample(options.corpus, options.utterances),
            turns=options.turns,
            load=open_load(options.rate) if options.rate else closed_load(options.connections),
        ),
        json=options.json,
    )


def measure(against: Path, utterances: Sequence[Utterance], *, turns: int, load: Load) -> Result:
    """This checkout and another one."""
    if not against.joinpath("polyparse", "__init__.py").is_file():
        raise MeasurementFailed(f"--against: found no checkout at {against}, expected one")
    sides = Side(SERVE, command.ROOT), Side(SERVE, against.absolute())
    requests = [request(utterance) for utterance in utterances]
    return Result("cpu_time", figures(by_turns(*sides, requests, turns=turns, load=load)), TARGETS)


def closed_load(connections: int) -> Load:
    """Callers who each wait for the answer before they ask again."""

    def load(port: int, requests: Sequence[bytes]) -> tuple[Sequence[float], int]:
        traffic = send(port, requests, connections=connections)
        return traffic.latencies_s, traffic.errors

    return load


def open_load(per_s: float) -> Load:
    """Callers who know nothing of one another."""

    async def sent(port: int, requests: Sequence[bytes]) -> tuple[Sequence[float], int]:
        moments = islice(poisson(per_s, SEED), len(requests))
        async with OpenLoad(port, requests, moments, connections=Connections(settle_s=0.2)) as load:
            while len(load.points) < len(requests):  # noqa: ASYNC110 - it has no event for the last one.
                await asyncio.sleep(0.05)
        answered = [each.latency_s for each in load.records if each.status == OK]
        return answered, len(load.records) - len(answered)

    return lambda port, requests: on_uvloop(lambda: sent(port, requests))


def by_turns(one: Side, other: Side, requests: Sequence[bytes], *, turns: int, load: Load) -> list[Turn]:
    """What both spend on the same requests, on one core, after one untimed pass of each."""
    cores = split_here()
    with pinned(cores.load), ExitStack() as stack:
        here, there = (
            stack.enter_context(
                started(
                    side.command,
                    core=cores.server,
                    folder=side.folder,
                    variables={"PYTHONPATH": str(side.folder)},
                )
            )
            for side in (one, other)
        )
        for server in (here, there):
            load(server.port, requests)
        measured = []
        for number in range(turns):
            first, second = (here, there) if number % 2 else (there, here)
            spent = {server: _pass(server, requests, load) for server in (first, second)}
            measured.append(Turn(spent[here], spent[there]))
    return measured


def figures(turns: Sequence[Turn]) -> dict[str, float]:
    """Medians over the turns."""
    here, there = ([turn[side] for turn in turns] for side in (0, 1))
    return {
        "cpu_ratio": median(turn.here.cpu_us / turn.there.cpu_us for turn in turns),
        "p50_ratio": median(turn.here.p50_ms / turn.there.p50_ms for turn in turns),
        **{
            f"{name}_{where}": median(getattr(spent, name) for spent in side)
            for where, side in (("here", here), ("there", there))
            for name in ("cpu_us", "p50_ms", "p99_ms")
        },
        "errors": sum(spent.errors for spent in (*here, *there)),
    }


def _pass(server: Server, requests: Sequence[bytes], load: Load) -> Spent:
    before_s = cpu_seconds(server.pid)
    latencies_s, errors = load(server.port, requests)
    cpu_us = 1e6 * (cpu_seconds(server.pid) - before_s) / len(requests)
    p50_s, p99_s = (percentile(sorted(latencies_s), share) for share in (0.5, 0.99))
    return Spent(cpu_us, 1e3 * p50_s, 1e3 * p99_s, errors)


if __name__ == "__main__":
    sys.exit(main())
