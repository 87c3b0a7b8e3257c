"""The command line of `python -m loadtest`: its arguments, and the load that they ask for."""

import argparse
import sys
from pathlib import Path

from loadtest import scenario as scenarios
from loadtest import slo as slos
from loadtest import texts
from loadtest.address import Address
from loadtest.events import variables_of
from loadtest.run import LoadPlan
from loadtest.slo import Slo
from loadtest.toml_file import read

PROG = "python -m loadtest"
DESCRIPTION = """Load tests over HTTP. `run` carries out one scenario and judges it by an SLO: exit status 0 where it is
kept, 1 where it is not, 3 where the load was not sent as it should be, 2 where nothing could begin. `capacity` finds
the highest load at which the SLO is kept. Without --url both start `polyparse serve` here and end it; what follows
"--" are its options."""


def parser() -> argparse.ArgumentParser:
    """The parser."""
    built = argparse.ArgumentParser(prog=PROG, description=DESCRIPTION, allow_abbrev=False)
    common = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    common.add_argument("--url", type=Address.of, help="the service, such as http://localhost:8080")
    common.add_argument("--slo", type=Path, default=slos.SHIPPED, metavar="FILE", help="the SLO, as TOML")
    common.add_argument(
        "--texts",
        type=Path,
        metavar="PATH",
        help="a folder of <locale>.jsonl (MASSIVE's layout) or <locale>.txt, or a file with a text a line "
        "(default: phrases of our own)",
    )
    commands = built.add_subparsers(required=True, dest="command", metavar="run|capacity|list")
    run = commands.add_parser("run", parents=[common], allow_abbrev=False, help="carry out a scenario")
    run.add_argument("scenario", help="the name of a shipped scenario, or a file")
    run.add_argument(
        "--rate", type=_positive, metavar="N", help="requests a second, in place of the SLO's load"
    )
    run.add_argument(
        "--times", type=_positive, default=1.0, metavar="N", help="0.1: the scenario in a tenth of its time"
    )
    run.add_argument(
        "--out", type=Path, metavar="DIR", help="where to write report.html, result.json, points.csv.gz"
    )
    run.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a variable of the scenario's events"
    )
    capacity = commands.add_parser("capacity", parents=[common], allow_abbrev=False, help="find the capacity")
    capacity.add_argument(
        "--seconds", type=_positive, default=5.0, metavar="N", help="how long each load is tried (default: 5)"
    )
    capacity.add_argument(
        "--rate", type=_positive, default=250.0, metavar="N", help="the first load (default: 250 a second)"
    )
    commands.add_parser("list", allow_abbrev=False, help="the shipped scenarios")
    return built


def load_of(options: argparse.Namespace, address: Address, cores: frozenset[int]) -> LoadPlan:
    """The load that the options of `run` ask for, its commands on these cores; raises LoadtestError."""
    scenario = scenarios.load(options.scenario).faster(options.times)
    slo = read(Slo, options.slo)
    if options.rate is not None:
        scenario, slo = scenario.model_copy(update={"rate_per_s": options.rate}), slo.at(options.rate)
    variables = {"python": sys.executable, "url": address.url, **variables_of(options.set)}
    return LoadPlan(
        scenario, slo, texts.load(options.texts, tuple(scenario.mix.locales)), address, variables, cores
    )


def trial_of(options: argparse.Namespace, address: Address) -> LoadPlan:
    """The load that `capacity` tries at many rates; raises LoadtestError."""
    scenario = scenarios.load("steady")
    return LoadPlan(scenario, read(Slo, options.slo), texts.load(options.texts), address, {}, frozenset())


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a number above 0")
    return value
