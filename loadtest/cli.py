"""`python -m loadtest run|capacity|list`."""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from loadtest import points, result_file, service, terminal
from loadtest import scenario as scenarios
from loadtest.address import Address
from loadtest.arguments import PROG, load_of, parser, trial_of
from loadtest.capacity import Capacity, search, trials_of
from loadtest.cores import on, shared_out, usable_here
from loadtest.errors import FileInvalid, LoadtestError
from loadtest.run import Finished, run
from loadtest.toml_file import read
from loadtest.verdict import Word

STATUSES: Mapping[Word, int] = {"pass": 0, "unjudged": 0, "fail": 1, "void": 3}
REFUSED, INTERRUPTED = 2, 130
SERVE_OPTIONS = "--"


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    given = list(sys.argv[1:] if argv is None else argv)
    cut = given.index(SERVE_OPTIONS) if SERVE_OPTIONS in given else len(given)
    try:
        options = parser().parse_args(given[:cut])
        status: int = COMMANDS[options.command](options, given[cut + 1 :])
    except LoadtestError as error:
        print(f"{PROG}: {error}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        return INTERRUPTED
    return status


def run_scenario(options: argparse.Namespace, serve: Sequence[str]) -> int:
    """Carry out a scenario, print what it found, and write it where that is asked for."""
    if options.out is not None:
        _make(options.out)
    cores = usable_here()
    with _target(options.url, serve) as address:
        finished = run(load_of(options, address, cores))
    print("\n".join(terminal.lines(finished)))
    if options.out is not None:
        _write(finished, options.out)
    return STATUSES[finished.verdict.word]


def find_capacity(options: argparse.Namespace, serve: Sequence[str]) -> int:
    """Find the highest load at which the SLO is kept, and print it."""
    with _target(options.url, serve) as address:
        tried = trials_of(trial_of(options, address), options.seconds)

        def outcome_at(per_s: float) -> Word:
            finished = tried(per_s)
            checks = "  ".join(
                f"{check.name} {terminal.number(check.found)}" for check in finished.verdict.checks
            )
            print(f"{per_s:9.0f} a second: {finished.verdict.word:<6}{checks}", flush=True)
            return finished.verdict.word

        capacity = search(options.rate, outcome_at)
    print(_in_words(capacity))
    return 0 if capacity.kept_per_s is not None else 1


def list_scenarios(_options: argparse.Namespace, _serve: Sequence[str]) -> int:
    """Print what is shipped."""
    for file in sorted(scenarios.SHIPPED.glob("*.toml")):
        scenario = read(scenarios.Scenario, file)
        print(f"{file.stem:<16}{scenario.about}")
    return 0


COMMANDS = {"run": run_scenario, "capacity": find_capacity, "list": list_scenarios}


@contextmanager
def _target(url: Address | None, serve: Sequence[str]) -> Iterator[Address]:
    """The service at a URL, or one that is started here, with a core of its own where there are two."""
    if url is not None:
        if serve:
            raise FileInvalid(f"found {' '.join(serve)!r} after --, expected no --url beside it")
        yield url
        return
    shares = shared_out(usable_here())
    with service.started(serve, shares.service) as address, on(shares.generator):
        yield address


def _in_words(capacity: Capacity) -> str:
    kept, missed, is_generators = capacity
    if kept is None:
        return "capacity: none of these loads was kept"
    if is_generators:
        return f"capacity: at least {kept:.0f} requests a second; the generator could not send much more"
    return f"capacity: {kept:.0f} requests a second keep the SLO" + (
        f", {missed:.0f} do not" if missed is not None else ""
    )


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileInvalid(
            f"{folder}: found no place to write ({error}), expected a folder or a new one"
        ) from error


def _write(finished: Finished, folder: Path) -> None:
    result_file.write(finished, folder / "result.json")
    points.write(finished.outcomes.points, folder / "points.csv.gz")
    try:
        from loadtest.report.page import page  # noqa: PLC0415 - figures alone need no extra
    except ModuleNotFoundError as error:
        print(f"{PROG}: no report.html without {error.name}: pip install -e '.[report]'", file=sys.stderr)
        return
    folder.joinpath("report.html").write_text(page(finished), encoding="utf-8")
    print(f"{folder / 'report.html'}")
