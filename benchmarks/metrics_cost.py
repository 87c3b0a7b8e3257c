"""CPU time that all records for Prometheus take of a request: the service with them, and without, by turns.

Both serve the same bundle from the same code, on one core, and get the same utterances from another core; what differs are
the recorders, which in one of them do nothing (benchmarks/unmetered.py). Measured as benchmarks.cpu_time does.
"""

import sys
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

from benchmarks import command
from benchmarks.cpu_time import SERVE, Side, by_turns, closed_load, figures
from benchmarks.result import Result, Target
from benchmarks.serving import request, utterances_for
from polyparse.bundle import store

TARGETS = {"cpu_ratio": Target("<=", 1.05), "errors": Target("==", 0)}
UNMETERED = [sys.executable, "-m", "benchmarks.unmetered", "--device", "cpu", "--lame-duck-s", "0"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.metrics_cost", __doc__)
    command.counts(
        parser,
        ("--turns", 12, "turns"),
        ("--utterances", 4000, "utterances, each of which is sent once a pass"),
        ("--connections", 32, "connections"),
    )
    options = parser.parse_args(argv)
    return command.run(
        lambda: measure(
            options.bundle,
            options.corpus,
            options.utterances,
            turns=options.turns,
            connections=options.connections,
        ),
        json=options.json,
    )


def measure(models: Path, spec: str, n_utterances: int, *, turns: int, connections: int) -> Result:
    """Take turns on dev, or on the bundle's golden utterances again and again where the corpus is absent."""
    utterances = utterances_for(spec, n_utterances, store.locate(models).bundle)
    requests = [request(utterance) for utterance in islice(cycle(utterances), n_utterances)]
    flags = ["--models", str(models.absolute())]
    metered, unmetered = (Side([*server, *flags], command.ROOT) for server in (SERVE, UNMETERED))
    found = figures(by_turns(metered, unmetered, requests, turns=turns, load=closed_load(connections)))
    names = {
        "cpu_ratio": "cpu_ratio",
        "cpu_us_here": "cpu_us_with",
        "cpu_us_there": "cpu_us_without",
        "errors": "errors",
    }
    return Result("metrics_cost", {name: found[key] for key, name in names.items()}, TARGETS)


if __name__ == "__main__":
    sys.exit(main())
