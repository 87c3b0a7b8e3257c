"""`polyparse experiments run|report`: carry out a study; write what its results say as a page and as Markdown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.result_line import ResultsFile
from experiments.study import PROFILES, read_study
from polyparse.atomic import replace_file
from polyparse.cli.arguments import ArgumentParser, integer, path
from polyparse.errors import ConfigError
from polyparse.outputs import check_folder

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from experiments.resolve import StudyFile

MAX_JOBS = 64
RESULTS = "results"
"""The folder beside studies that has their results, unless another one is named."""
PAGE, MARKDOWN = "report.html", "report.md"


def main(argv: Sequence[str]) -> int:
    """Exit 0 when all is done, 1 when a run has failed, 130 or 143 when interrupted."""
    options = _parser().parse_args(argv)
    status: int = options.action(options)
    return status


def _run(options: argparse.Namespace) -> int:
    """Carry out a study, or go on with it; with --list, say what is done and what is not."""
    from experiments.resolve import todos_of  # noqa: PLC0415  a report needs no PyTorch
    from experiments.runner import StudyRunner  # noqa: PLC0415  likewise
    from train.cli.terminated import sigterm_raises, status_of  # noqa: PLC0415  likewise

    todos, results = todos_of(_file(options)), _results(options, options.study)
    runner = StudyRunner(
        {name: todo.step for name, todo in todos.items()},
        options.out,
        (),
        options.jobs,
        todos=todos,
        results=results,
        job=_same(options),
    )
    if options.list:
        done = runner.finished_before()
        for name in todos:
            print(f"{'done ' if name in done else 'to do'}  {name}")
        return 0
    check_folder(results.path.parent)
    if any(todo.code.is_dirty for todo in todos.values()):
        print(
            "the code differs from its commit: the lines will say so, and a report refuses them", flush=True
        )
    with sigterm_raises():
        try:
            return runner.run()
        except KeyboardInterrupt as error:
            print("\ninterrupted; the same command goes on", file=sys.stderr)
            return status_of(error)


def _job(options: argparse.Namespace) -> int:
    """Carry out one run of a study, as `run` asks for it in a process of its own."""
    from experiments.job import carry_out  # noqa: PLC0415  a report needs no PyTorch
    from experiments.resolve import todos_of  # noqa: PLC0415  likewise

    file = _file(options)
    todos = todos_of(file)
    if options.step not in todos:
        raise ConfigError(
            f"found no step {options.step!r}, expected one of the study as it is now: code, data or study have changed"
        )
    return carry_out(todos[options.step], file, options.out, _results(options, options.study))


def _report(options: argparse.Namespace) -> int:
    """Write the page and the Markdown of the studies that have results."""
    from experiments.report.contents import contents_of  # noqa: PLC0415  a run needs no templates
    from experiments.report.write import markdown, page  # noqa: PLC0415  likewise

    check_folder(options.out, files=[PAGE, MARKDOWN])
    contents = [
        contents_of(read_study(study), study, options.profile, _results(options, study))
        for study in options.studies
    ]
    options.out.mkdir(parents=True, exist_ok=True)
    replace_file(options.out / PAGE, page(contents).encode())
    replace_file(options.out / MARKDOWN, markdown(contents).encode())
    print(f"wrote {options.out / PAGE} and {options.out / MARKDOWN}")
    return 0


def _file(options: argparse.Namespace) -> StudyFile:
    """The study with its corpora; ConfigError where one is not given, or not asked for."""
    from experiments.resolve import StudyFile, missing_of  # noqa: PLC0415  a report needs no PyTorch

    study = read_study(options.study)
    given = dict(option.partition("=")[::2] for option in options.corpus)
    for name, spec in given.items():
        if study.corpora.get(name) != spec.partition(":")[0]:
            expected = ", ".join(f"{known}={form}:PATH" for known, form in study.corpora.items())
            raise ConfigError(f"--corpus: found {name}={spec}, expected {expected}")
    file = StudyFile(study, options.study, options.profile, given)
    if missing := missing_of(file):
        expected = " ".join(f"--corpus {name}={study.corpora[name]}:PATH" for name in sorted(missing))
        raise ConfigError(
            f"{options.study}: found no corpus {', '.join(sorted(missing))}, expected {expected}"
        )
    return file


def _results(options: argparse.Namespace, study: Path) -> ResultsFile:
    return ResultsFile(options.results or study.parent / RESULTS, study.stem, options.profile)


def _same(options: argparse.Namespace) -> list[str]:
    """The options of a job that are those of its study."""
    results = [f"--results={options.results}"] if options.results else []
    corpora = [f"--corpus={corpus}" for corpus in options.corpus]
    return [str(options.study), f"--profile={options.profile}", f"--out={options.out}", *results, *corpora]


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="polyparse experiments", description=__doc__)
    actions = parser.add_subparsers(dest="name", required=True, parser_class=ArgumentParser)
    run = actions.add_parser("run", help="carry out a study, or go on with it")
    run.set_defaults(action=_run)
    run.add_argument(
        "--jobs",
        type=integer(1, MAX_JOBS),
        default=2,
        metavar="N",
        help="runs at once, one thread each (default: 2)",
    )
    run.add_argument("--list", action="store_true", help="say what is done and what is to do, and stop")
    job = actions.add_parser("job", help="carry out one step of a study, as run does for each")
    job.set_defaults(action=_job)
    job.add_argument("step", help="its full name; run --list prints them")
    for action in (run, job):
        action.add_argument("study", type=path, metavar="STUDY", help="a study's TOML file")
        action.add_argument(
            "--corpus",
            action="append",
            default=[],
            metavar="NAME=FORMAT:PATH",
            help="where a corpus of the study lies; once for each",
        )
        action.add_argument(
            "--out", type=path, default=Path("runs/experiments"), metavar="DIR", help="folders of runs"
        )
    report = actions.add_parser("report", help="write report.html and report.md of studies' results")
    report.set_defaults(action=_report)
    report.add_argument("studies", type=path, nargs="+", metavar="STUDY", help="studies' TOML files")
    report.add_argument("--out", type=path, required=True, metavar="DIR", help="folder of the report")
    for action in (run, job, report):
        action.add_argument(
            "--profile", choices=PROFILES, default="small", help="sizes of data and networks (default: small)"
        )
        action.add_argument(
            "--results", type=path, metavar="DIR", help="folder of result lines; by default beside the study"
        )
    return parser
