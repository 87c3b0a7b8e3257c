"""How many machines it takes: a node's service times measured, a fleet of such nodes simulated, and fleets on paper.

A real service on one core is measured by rounds; the simulated node is then held against it at the same rates, and simulated
fleets are told by utilisation, by balancer, with a zone lost, during a promote, and with a slow node.

    python -m benchmarks.fleet --json FILE              all of it
    python -m benchmarks.fleet --plan                   the table of fleets, from a run that is kept, without a new one
    python -m benchmarks.fleet --plan --assume KEY=N    the same with other prices, zones, machines
    python -m benchmarks.fleet --write                  fill that table into k8s/README.md
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks import command
from benchmarks.errors import MeasurementFailed
from benchmarks.fleet import document, one_node, plan, scenarios
from benchmarks.fleet.measured import measure
from benchmarks.fleet.plan import Assumptions
from benchmarks.fleet.probe import Plan
from benchmarks.result import Result, Target
from benchmarks.serving import utterances_for
from polyparse.bundle import store
from polyparse.errors import PolyparseError

TARGETS = {"one_node_error": Target("<=", 0.15)}
KEPT = Path(__file__).with_name("measured.json")
"""The run whose table stands in k8s/README.md."""
LEVELS = (0.3, 0.5, 0.7, 0.85, 1.5)
UTTERANCES = 4000
SIMULATED_SHARE = 0.4
"""Of the seconds of a level, those of a simulated fleet, which gets twelve times as many requests."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    options = _parser().parse_args(argv)
    if options.plan or options.write:
        return _tell(options)
    rounds = Plan(rounds=options.rounds, requests=options.requests, level_s=options.seconds, levels=LEVELS)
    return command.run(lambda: run(options.bundle, options.corpus, rounds), json=options.json)


def run(models: Path, spec: str, rounds: Plan) -> Result:
    """Measure, compare, simulate, and plan; prints what was measured before it simulates."""
    busy = os.getloadavg()[0]
    utterances = utterances_for(spec, UTTERANCES, store.locate(models).bundle)
    measured = measure(models, utterances, rounds)
    times = asdict(measured.times)
    times.pop("run_factors")  # all alike
    found = {
        "capacity_per_s": measured.capacity_per_s,
        "core_per_s": measured.core_per_s,
        "load_average": busy,
    }
    found |= {f"{key.removesuffix('_s')}_us": 1e6 * value for key, value in times.items()}
    found |= measured.others
    found |= one_node.figures(measured, rounds.levels, seconds=rounds.level_s, rounds=rounds.rounds)
    seconds = max(scenarios.LEAST_S, SIMULATED_SHARE * rounds.level_s)
    found |= scenarios.figures(measured.times, measured.mix, measured.others["promote_s"], seconds=seconds)
    return Result("fleet", {**found, **plan.replicas(found)}, TARGETS)


def read_figures(file: Path) -> Mapping[str, float]:
    """The figures of a run that was written; MeasurementFailed where it is none."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return {str(key): float(value) for key, value in data["figures"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise MeasurementFailed(
            f"{file}: found no figures ({error!r}), expected what --json writes"
        ) from error


def assumptions(pairs: Sequence[str]) -> Assumptions:
    """The defaults with some of them put otherwise, each as KEY=NUMBER; MeasurementFailed names one that is not known."""
    known = asdict(Assumptions())
    values: dict[str, Any] = {}
    for pair in pairs:
        key, _, number = pair.partition("=")
        if key not in known:
            raise MeasurementFailed(f"--assume: found {key!r}, expected one of {', '.join(known)}")
        try:
            values[key] = type(known[key])(number)
        except ValueError:
            raise MeasurementFailed(f"--assume {key}: found {number!r}, expected a number") from None
        if not values[key] > 0:
            raise MeasurementFailed(f"--assume {key}: found {number}, expected more than 0")
    return replace(Assumptions(), **values)


def _tell(options: argparse.Namespace) -> int:
    try:
        if options.write and options.assume:
            raise MeasurementFailed("--write: found --assume, expected none: the document has the defaults")
        told = plan.text(read_figures(options.measured), assumptions(options.assume))
        if options.write:
            document.write(told)
    except PolyparseError as error:
        print(f"refused: {error}", file=sys.stderr)
        return 2
    print(told)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = command.parser("benchmarks.fleet", __doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    command.counts(
        parser,
        ("--rounds", 5, "rounds of measurements"),
        ("--requests", 4000, "requests of callers who wait, by number of callers"),
        ("--seconds", 4, "how long callers come who do not wait, by level"),
    )
    parser.add_argument("--plan", action="store_true", help="print fleets on paper, and measure nothing")
    parser.add_argument("--write", action="store_true", help="fill them into k8s/README.md as well")
    parser.add_argument(
        "--measured",
        type=Path,
        default=KEPT,
        metavar="FILE",
        help="figures to plan with (default: those kept)",
    )
    parser.add_argument(
        "--assume", action="append", default=[], metavar="KEY=N", help="another assumption of the plan"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
