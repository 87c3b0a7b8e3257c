"""`polyparse train RECIPE --corpus FORMAT:PATH --out DIR`: run a recipe on a corpus."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

import torch

from polyparse.cli.arguments import ArgumentParser, integer, names, stated
from polyparse.errors import ConfigError
from polyparse.schema import override, unstructure
from train import cpu_seconds
from train.checkpoint import Checkpoint, FollowedCheckpoint
from train.cli.plan import PlanRunner
from train.cli.recipe_table import first_line, recipe_table
from train.cli.run_folder import SAME_RUN, check_free, check_same, held
from train.cli.terminated import sigterm_raises, status_of
from train.cli.texts import Corpora, locales_of, texts_of
from train.compute import DEVICES, device_of
from train.plan import read_plan, shown
from train.progress import Progress, SilentProgress
from train.ranks import joined
from train.recipes import RECIPES
from train.run_record import RunRecord
from train.start import open_start, recipe_of
from train.training.fit import fit
from train.training.folds import hold_out
from train.training.run import Parents

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from train.config import RunConfig
    from train.ranks import Ranks

MAX_THREADS = 256
MAX_JOBS = 64
NO_MEMORY = ("[enforce fail at alloc_cpu", "Storage size calculation overflowed")
"""How PyTorch's message begins when there is not enough memory."""
LIBRARIES = ("torch", "numpy", "scipy")


def main(argv: Sequence[str]) -> int:
    """Exit 0 when trained, 130 or 143 when interrupted (the checkpoint then has the last complete epoch)."""
    options = _parser().parse_args(argv)
    if options.list or options.table:
        return _list(options)
    if options.plan:
        return _carry_out(options)
    if not options.recipe or not (options.show or (options.corpus and options.out)):
        raise ConfigError("found no RECIPE, --corpus or --out, expected all three (or --list, or --plan)")
    if options.recipe not in RECIPES:
        raise ConfigError(f"found recipe {options.recipe!r}, expected one of {', '.join(RECIPES)}")
    config = override(RECIPES[options.recipe](), options.set)
    if options.show:
        print(_plain(config))
        return 0
    if options.threads:
        torch.set_num_threads(options.threads)
    device = device_of(options.device)
    with joined(device) as ranks:
        return _train(config, options, device, ranks)


def _list(options: argparse.Namespace) -> int:
    """Print the recipes, as lines or as a table."""
    if options.table:
        print(recipe_table(read_plan(Path(options.plan)) if options.plan else {}), end="")
        return 0
    width = max(map(len, RECIPES))
    for name, recipe in RECIPES.items():
        print(f"{name:{width}}  {first_line(recipe)}")
    return 0


def _carry_out(options: argparse.Namespace) -> int:
    """Carry out a plan, or show the configs of its runs."""
    if options.show and not options.recipe:
        print(_plain(shown(read_plan(Path(options.plan)), options.set)))
        return 0
    alone = options.recipe or options.start or options.teacher or options.also
    if alone or not (options.corpus and options.out):
        raise ConfigError(
            "--plan: found a RECIPE, --start, --teacher, --also, no --corpus or no --out, expected what runs have in common"
        )
    arguments = [f"--corpus={options.corpus}", f"--device={options.device}"]
    arguments += [f"--threads={options.threads}"] if options.threads else []
    arguments += [f"--locales={','.join(options.locales)}"] if options.locales else []
    runner = PlanRunner(
        read_plan(Path(options.plan)), Path(options.out), arguments, options.jobs, options.set
    )
    with sigterm_raises():
        try:
            return runner.run()
        except KeyboardInterrupt as error:
            print("\ninterrupted; the same command goes on", file=sys.stderr)
            return status_of(error)


def _plain(value: object) -> str:
    return json.dumps(unstructure(value), ensure_ascii=False, indent=2)


def _train(config: RunConfig, options: argparse.Namespace, device: torch.device, ranks: Ranks) -> int:
    checkpoint = (Checkpoint if ranks.is_first else FollowedCheckpoint)(Path(options.out))
    ranks.of_first(lambda: check_free(checkpoint, resume=options.resume))
    corpora = Corpora(options.corpus, options.locales, options.also)
    texts = texts_of(config, corpora, checkpoint, quiet=not ranks.is_first)
    train_locales = locales_of(texts)
    start = open_start(Path(options.start)) if options.start else None
    teachers = [Checkpoint(Path(folder)) for folder in options.teacher]
    run = RunRecord(
        config=config,
        corpus=options.corpus,
        locales=train_locales,
        git_commit=_git_commit(),
        libraries={name: version(name) for name in LIBRARIES},
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        start=options.start,
        start_recipe=recipe_of(start) if start else None,
        teachers=tuple(options.teacher),
        teacher_recipes=tuple(teacher.run().config.recipe for teacher in teachers),
        threads=torch.get_num_threads(),
        device=options.device,
        also=tuple(options.also),
        parent_seconds=cpu_seconds.of_all([*([start] if start else []), *teachers]),
    )
    try:
        with (
            sigterm_raises(),
            held(checkpoint, resume=options.resume) if ranks.is_first else nullcontext(),
            Progress(quiet=options.quiet) if ranks.is_first else SilentProgress() as progress,
        ):
            ranks.of_first(lambda: _open(checkpoint, run))
            kept = Path(options.soft_targets) if options.soft_targets else None
            parents = Parents(start, teachers, kept)
            measures = fit(checkpoint, config, texts, progress, parents, device)
            hold_out(checkpoint, texts, progress, parents, device)
    except KeyboardInterrupt as error:
        print(f"\n{_interrupted(checkpoint)}", file=sys.stderr)
        return status_of(error)
    except RuntimeError as error:
        if not str(error).startswith(NO_MEMORY):
            raise
        raise MemoryError(str(error).splitlines()[0]) from error
    if not ranks.is_first:
        return 0
    mean = {name: value for name, value in measures["mean"].items() if value is not None}
    print(
        "dev: " + ", ".join(f"{k} {v:.4f}" if isinstance(v, float) else f"{k} {v}" for k, v in mean.items())
    )
    return 0


def _open(checkpoint: Checkpoint, run: RunRecord) -> None:
    """Start a new checkpoint, or check that one that exists is of this run."""
    if checkpoint.exists:
        existing, expected = (
            {key: getattr(each, key) for key in SAME_RUN} for each in (checkpoint.run(), run)
        )
        check_same(checkpoint.folder, existing, expected)
        return
    checkpoint.folder.mkdir(parents=True, exist_ok=True)
    checkpoint.save("run", run)


def _interrupted(checkpoint: Checkpoint) -> str:
    if checkpoint.exists:
        return f"interrupted; the same command with --resume goes on from {checkpoint.folder}"
    return "interrupted before anything was learnt; nothing is left, and the same command begins anew"


def _git_commit() -> str:
    git = which("git")
    if git is None:
        return "unknown"
    command = [git, "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  the command is ours
    return result.stdout.strip() or "unknown"


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="polyparse train", description=__doc__)
    parser.add_argument("recipe", nargs="?", help="name of a recipe; --list shows them")
    parser.add_argument("--list", action="store_true", help="list the recipes and stop")
    parser.add_argument(
        "--table",
        action="store_true",
        help="print the recipes as a table in Markdown, with the runs of --plan, and stop",
    )
    parser.add_argument(
        "--show",
        action="store_true",
        help="print the whole config of the recipe, or of each run of the plan, and stop",
    )
    parser.add_argument(
        "--plan",
        metavar="FILE",
        type=stated("a path"),
        help="carry out the runs of a plan, into folders of --out; also goes on with it",
    )
    parser.add_argument(
        "--jobs",
        type=integer(1, MAX_JOBS),
        default=2,
        metavar="N",
        help="runs of a plan at once (default: 2)",
    )
    parser.add_argument(
        "--corpus",
        metavar="FORMAT:PATH",
        type=stated("FORMAT:PATH"),
        help="massive:DIR, slots:DIR or conll:PREFIX",
    )
    parser.add_argument(
        "--locales", type=names, metavar="a,b", help="locales to train on; all that the corpus has by default"
    )
    parser.add_argument("--out", metavar="DIR", type=stated("a path"), help="checkpoint folder")
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], help="change one config entry"
    )
    parser.add_argument(
        "--start",
        metavar="DIR",
        type=stated("a path"),
        help="start from the weights and tables of this finished run, or, with a recipe that has a transfer plan, such as"
        " few, from a bundle or a run of other labels",
    )
    parser.add_argument(
        "--teacher",
        metavar="DIR",
        type=stated("a path"),
        action="append",
        default=[],
        help="learn from this finished run; once for each teacher",
    )
    parser.add_argument(
        "--also",
        metavar="NAME=FORMAT:PATH",
        action="append",
        default=[],
        help="learn this task too, with the parts that the config shares; it becomes a run in DIR/also/NAME",
    )
    parser.add_argument(
        "--soft-targets",
        metavar="DIR",
        type=stated("a path"),
        help="keep the teachers' soft targets here, and read those that an earlier run has kept",
    )
    parser.add_argument("--resume", action="store_true", help="go on with the interrupted run in --out")
    parser.add_argument(
        "--threads", type=integer(1, MAX_THREADS), metavar="N", help="CPU threads for PyTorch"
    )
    parser.add_argument(
        "--device",
        choices=DEVICES,
        default="cpu",
        help="where networks are trained; the same seed gives other networks on each",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
    return parser
