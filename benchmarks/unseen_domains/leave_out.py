"""Leaving domains out in turn: a model a fold, trained without the fold's domains, and what it makes of all of dev.

OUT/plan.json            config, corpus, locales and folds: a run is gone on with only by the same
OUT/fold-N/member-M/     a checkpoint of fold N; the members differ in their seeds, and the first has the MaxEnt
OUT/fold-N/evidence.npz  what the pool of its members made of dev; written last, and not worked out again
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmarks.unseen_domains import evidence
from benchmarks.unseen_domains.folds import folds
from benchmarks.unseen_domains.weights import Trial
from polyparse.atomic import replacing
from polyparse.corpora import read as corpora
from polyparse.errors import ConfigError
from polyparse.inference.pipeline import Postprocessing
from polyparse.schema import unstructure
from polyparse.text.tokens import tokenise
from train.artefacts import plain_json, write_json
from train.checkpoint import Checkpoint
from train.config import RunConfig
from train.ensemble import Ensemble
from train.postprocessing.training_text import training_text_of
from train.run_record import RunRecord
from train.training.fit import fit
from train.training.run import Texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from polyparse.corpora.example import Example
    from polyparse.inference.parser import Parser
    from train.progress import Progress


@dataclass(frozen=True, kw_only=True)
class FoldRequest:
    """What a run is asked for: `folds` groups of domains, `members` networks for each, of consecutive seeds."""

    config: RunConfig
    corpus: str
    locales: tuple[str, ...]
    folds: int
    members: int


@dataclass(frozen=True)
class FoldPlan:
    """What is trained; `left_out[n]` are the domains that fold n's models never see."""

    request: FoldRequest
    left_out: tuple[tuple[str, ...], ...]


def leave_out(out: Path, request: FoldRequest, progress: Progress) -> list[Trial]:
    """Train what is missing in the folder; a trial a fold, of all of dev.

    Raises:
        ConfigError: the folder holds other folds than are asked for, or the corpus has too few domains.
        CorpusError: the corpus does not follow its format.
    """
    train, dev = (_read(request.corpus, request.locales, partition) for partition in ("train", "dev"))
    if missing := {example.domain for example in train} - {example.domain for example in dev}:
        raise ConfigError(
            f"{request.corpus}: found no dev utterance of {_listed(missing)}, expected some of every domain"
        )
    reads = request.config.reads_translations
    translations = _usable(corpora.translations(request.corpus, request.locales)) if reads else []
    plan = FoldPlan(request, tuple(folds(train, request.folds)))
    _open(out, plan)
    trials = []
    for number, left_out in enumerate(plan.left_out):
        progress.say(f"fold {number}: without {', '.join(left_out)}")
        folder = out / f"fold-{number}"
        if not (folder / "evidence.npz").exists():
            remaining = Texts(_without(train, left_out), [], _without(translations, left_out))
            _run_fold(folder, request, remaining, dev, progress)
        actual = evidence.load(folder / "evidence.npz")
        trials.append(Trial(actual, [str(example.domain) for example in dev], left_out))
    return trials


def _without(examples: Sequence[Example], domains: Sequence[str]) -> list[Example]:
    return [example for example in examples if example.domain not in domains]


def _read(spec: str, locales: Sequence[str], partition: str) -> list[Example]:
    return _usable(corpora.read(spec, locales=locales, partition=partition))


def _usable(examples: Sequence[Example]) -> list[Example]:
    """Those that have a domain and a token."""
    return [example for example in examples if example.domain is not None and tokenise(example.text)]


def _listed(domains: Iterable[str | None]) -> str:
    return ", ".join(sorted(map(str, domains)))


def _open(out: Path, plan: FoldPlan) -> None:
    file = out / "plan.json"
    if not file.exists():
        out.mkdir(parents=True, exist_ok=True)
        with replacing(file) as stream:
            write_json(plan, stream)
    elif plain_json(file) != unstructure(plan):
        raise ConfigError(
            f"{out}: found folds of another config, corpus or choice of domains, expected those of this run, "
            "or an empty folder"
        )


def _run_fold(
    folder: Path, request: FoldRequest, texts: Texts, dev: Sequence[Example], progress: Progress
) -> None:
    members = [
        _train_member(folder / f"member-{number}", number, request, texts, progress)
        for number in range(request.members)
    ]
    first = members[0]
    first.save("training_text", training_text_of(texts.train, first))
    parser = parser_of(members)
    items = [parser.vectorizer.item(example.utterance) for example in dev]
    evidence.save(folder / "evidence.npz", parser.evidence(items))


def parser_of(members: Sequence[Checkpoint]) -> Parser:
    """The members of a fold as one model, routed as the first is, which has the training text."""
    first = members[0]
    return Ensemble(members).parser(first.routing(), Postprocessing(training_text=first.training_text()))


def _train_member(
    folder: Path, number: int, request: FoldRequest, texts: Texts, progress: Progress
) -> Checkpoint:
    """Dev has domains that the model cannot know, so nothing of the training is chosen by it."""
    config = request.config
    if number > 0:
        config = replace(config, seed=config.seed + number, classifier=None)
    checkpoint = Checkpoint(folder)
    if not checkpoint.exists:
        folder.mkdir(parents=True, exist_ok=True)
        run = RunRecord(config, request.corpus, request.locales, git_commit="", libraries={}, created="")
        checkpoint.save("run", run)
    if not checkpoint.complete:
        fit(checkpoint, config, texts, progress)
    return checkpoint
