"""`polyparse train RECIPE --corpus FORMAT:PATH --out DIR`: run a recipe on a corpus."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from shlex import join
from shutil import which
from typing import TYPE_CHECKING

import torch

from polyparse.cli.arguments import ArgumentParser, integer, names
from polyparse.corpora.checks.check import findings_of, in_one_line
from polyparse.corpora.checks.corpus import Corpus
from polyparse.corpora.checks.slots import learnable
from polyparse.corpora.read import read, translations
from polyparse.errors import ConfigError
from polyparse.schema import override, unstructure
from train import cpu_seconds
from train.checkpoint import Checkpoint, RunRecord
from train.cli.run_folder import check_free, held
from train.progress import Progress
from train.recipes import RECIPES
from train.training.fit import Parents, Texts, fit
from train.training.folds import hold_out

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence
    from types import FrameType

    from polyparse.corpora.example import Example
    from train.config import RunConfig

MAX_THREADS = 256
NO_MEMORY = ("[enforce fail at alloc_cpu", "Storage size calculation overflowed")
"""How PyTorch's message begins when there is not enough memory."""
LIBRARIES = ("torch", "numpy", "scipy")
INTERRUPTED, TERMINATED = 130, 143
"""Exit statuses after Ctrl-C and after SIGTERM."""
SAME_RUN = ("config", "corpus", "locales", "start", "teachers")
"""Entries of run.json that --resume must not change."""


class Terminated(KeyboardInterrupt):
    """SIGTERM, as a machine sends it that goes down, or that wants its place for another task."""


def main(argv: Sequence[str]) -> int:
    """Exit 0 when trained, 130 or 143 when interrupted (the checkpoint then has the last complete epoch)."""
    options = _parser().parse_args(argv)
    if options.list:
        width = max(map(len, RECIPES))
        for name, recipe in RECIPES.items():
            print(f"{name:{width}}  {(recipe.__doc__ or '').strip().splitlines()[0]}")
        return 0
    if not (options.recipe and options.corpus and options.out):
        raise ConfigError("found no RECIPE, --corpus or --out, expected all three (or --list)")
    if options.recipe not in RECIPES:
        raise ConfigError(f"found recipe {options.recipe!r}, expected one of {', '.join(RECIPES)}")
    config = override(RECIPES[options.recipe](), options.set)
    if options.threads:
        torch.set_num_threads(options.threads)
    return _train(config, options)


def _train(config: RunConfig, options: argparse.Namespace) -> int:
    checkpoint = Checkpoint(Path(options.out))
    check_free(checkpoint, resume=options.resume)
    train, dev = (read(options.corpus, locales=options.locales, partition=part) for part in ("train", "dev"))
    train_locales = tuple(dict.fromkeys(example.locale for example in train))
    start = Checkpoint(Path(options.start)) if options.start else None
    teachers = [Checkpoint(Path(folder)) for folder in options.teacher]
    run = RunRecord(
        config=config,
        corpus=options.corpus,
        locales=train_locales,
        git_commit=_git_commit(),
        libraries={name: version(name) for name in LIBRARIES},
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        start=options.start,
        start_recipe=start.run().config.recipe if start else None,
        teachers=tuple(options.teacher),
        teacher_recipes=tuple(teacher.run().config.recipe for teacher in teachers),
        threads=torch.get_num_threads(),
        parent_seconds=cpu_seconds.of_all([*([start] if start else []), *teachers]),
    )
    train = _checked(train, dev, options)
    try:
        with (
            _sigterm_raises(),
            held(checkpoint, resume=options.resume),
            Progress(quiet=options.quiet) as progress,
        ):
            _open(checkpoint, run)
            other_locales = translations(options.corpus, train_locales) if config.reads_translations else []
            texts = Texts(train, dev, other_locales)
            parents = Parents(start, teachers)
            measures = fit(checkpoint, config, texts, progress, parents)
            hold_out(checkpoint, texts, progress, parents)
    except KeyboardInterrupt as error:
        print(f"\n{_interrupted(checkpoint)}", file=sys.stderr)
        return TERMINATED if isinstance(error, Terminated) else INTERRUPTED
    except RuntimeError as error:
        if not str(error).startswith(NO_MEMORY):
            raise
        raise MemoryError(str(error).splitlines()[0]) from error
    mean = {name: value for name, value in measures["mean"].items() if value is not None}
    print(
        "dev: " + ", ".join(f"{k} {v:.4f}" if isinstance(v, float) else f"{k} {v}" for k, v in mean.items())
    )
    return 0


def _checked(train: Sequence[Example], dev: Sequence[Example], options: argparse.Namespace) -> list[Example]:
    """The training examples that can be learnt; says in one line what the checks find, and what shows all of it."""
    if findings := findings_of(Corpus({"train": train, "dev": dev})):
        locales = ["--locales", ",".join(options.locales)] if options.locales else []
        command = join(["polyparse", "data", "check", options.corpus, *locales])
        print(f"{in_one_line(findings)}; see: {command}", file=sys.stderr)
    if not (usable := learnable(train)):
        raise ConfigError(
            f"{options.corpus}: found no training utterance whose slots can be learnt, expected at least one"
        )
    return usable


def _open(checkpoint: Checkpoint, run: RunRecord) -> None:
    """Start a new checkpoint, or check that one that exists is of this run."""
    if checkpoint.exists:
        _check_same(checkpoint.folder, checkpoint.run(), run)
        return
    checkpoint.folder.mkdir(parents=True, exist_ok=True)
    checkpoint.save_json("run", run)


@contextmanager
def _sigterm_raises() -> Iterator[None]:
    """End a run on SIGTERM as on Ctrl-C."""

    def terminate(_signal: int, _frame: FrameType | None) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupted(checkpoint: Checkpoint) -> str:
    if checkpoint.exists:
        return f"interrupted; the same command with --resume goes on from {checkpoint.folder}"
    return "interrupted before anything was learnt; nothing is left, and the same command begins anew"


def _check_same(folder: Path, existing: RunRecord, run: RunRecord) -> None:
    """Refuse to resume a run with another config, corpus or parents."""
    before, now = (_flat("", unstructure(record)) for record in (existing, run))
    for key in {**before, **now}:
        if key.startswith(SAME_RUN) and before.get(key) != now.get(key):
            raise ConfigError(
                f"{folder}: found a checkpoint with {key} {before.get(key)!r}, expected {now.get(key)!r};"
                " --resume goes on with the same config and corpus only"
            )


def _flat(key: str, value: object) -> dict[str, object]:
    """Nested objects as one mapping with dotted keys: {"config.optim.epochs": 20, ...}."""
    if not isinstance(value, dict):
        return {key: value}
    return {
        dotted: leaf
        for name, part in value.items()
        for dotted, leaf in _flat(f"{key}.{name}".strip("."), part).items()
    }


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
    parser.add_argument("--corpus", metavar="FORMAT:PATH", help="massive:DIR, slots:DIR or conll:PREFIX")
    parser.add_argument(
        "--locales", type=names, metavar="a,b", help="locales to train on; all that the corpus has by default"
    )
    parser.add_argument("--out", metavar="DIR", help="checkpoint folder")
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], help="change one config entry"
    )
    parser.add_argument(
        "--start", metavar="DIR", help="start from the weights and tables of this finished run"
    )
    parser.add_argument(
        "--teacher",
        metavar="DIR",
        action="append",
        default=[],
        help="learn from this finished run; once for each teacher",
    )
    parser.add_argument("--resume", action="store_true", help="go on with the interrupted run in --out")
    parser.add_argument(
        "--threads", type=integer(1, MAX_THREADS), metavar="N", help="CPU threads for PyTorch"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
    return parser
