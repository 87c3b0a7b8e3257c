"""CPU time that the server spends on a request, here and in another checkout of the repository, by turns.

Both serve their own shipped bundle in this Python environment, on one core, and get the same utterances from another core;
user and system time of the server's process are read before and after. A turn is one pass of each; the ratio is taken
within a turn, so that what else the machine does falls on both.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks import command, corpus
from benchmarks.client import send
from benchmarks.cores import pinned, split_here
from benchmarks.errors import MeasurementFailed
from benchmarks.process import Server, started
from benchmarks.result import Result, Target
from benchmarks.serving import request
from polyparse.contract.frame import Utterance

TARGETS = {"cpu_ratio": Target("<=", 1.05), "errors": Target("==", 0)}
SERVE = [sys.executable, "-m", "polyparse", "serve", "--device", "cpu", "--lame-duck-s", "0"]


class Side(NamedTuple):
    """One of two servers: its command, and the checkout in which it runs."""

    command: Sequence[str]
    folder: Path


class Turn(NamedTuple):
    """Microseconds of CPU time a request of each, and how many requests were not answered with 200."""

    here_us: float
    there_us: float
    errors: int


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.cpu_time", __doc__)
    command.counts(
        parser,
        ("--turns", 12, "turns"),
        ("--utterances", 4000, "utterances of dev, each of which is sent once a pass"),
        ("--connections", 32, "connections"),
    )
    parser.add_argument("--against", type=Path, required=True, metavar="DIR", help="another checkout")
    options = parser.parse_args(argv)
    return command.run(
        lambda: measure(
            options.against,
            corpus.sample(options.corpus, options.utterances),
            turns=options.turns,
            connections=options.connections,
        ),
        json=options.json,
    )


def measure(against: Path, utterances: Sequence[Utterance], *, turns: int, connections: int) -> Result:
    """This checkout and another one."""
    if not against.joinpath("polyparse", "__init__.py").is_file():
        raise MeasurementFailed(f"--against: found no checkout at {against}, expected one")
    sides = Side(SERVE, command.ROOT), Side(SERVE, against.absolute())
    requests = [request(utterance) for utterance in utterances]
    return Result(
        "cpu_time", figures(by_turns(*sides, requests, turns=turns, connections=connections)), TARGETS
    )


def by_turns(
    one: Side, other: Side, requests: Sequence[bytes], *, turns: int, connections: int
) -> list[Turn]:
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
            send(server.port, requests, connections=connections)
        measured = []
        for number in range(turns):
            first, second = (here, there) if number % 2 else (there, here)
            spent = {server: _pass(server, requests, connections) for server in (first, second)}
            measured.append(Turn(spent[here][0], spent[there][0], spent[here][1] + spent[there][1]))
    return measured


def figures(turns: Sequence[Turn]) -> dict[str, float]:
    """Medians over the turns."""
    return {
        "cpu_ratio": median(turn.here_us / turn.there_us for turn in turns),
        "cpu_us_here": median(turn.here_us for turn in turns),
        "cpu_us_there": median(turn.there_us for turn in turns),
        "errors": sum(turn.errors for turn in turns),
    }


def _pass(server: Server, requests: Sequence[bytes], connections: int) -> tuple[float, int]:
    before = cpu_seconds(server.pid)
    traffic = send(server.port, requests, connections=connections)
    return 1e6 * (cpu_seconds(server.pid) - before) / len(requests), traffic.errors


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
