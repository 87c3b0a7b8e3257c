"""polyparse's side: the recipe `few` on a draw, and a network to start from that has never seen some intents."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.peers.record import recorded
from polyparse.corpora.augmentation.slot_swap import SwapConfig
from polyparse.evaluation.evaluate import measure
from polyparse.schema import unstructure
from train.checkpoint import Checkpoint
from train.config import OptimConfig, RunConfig
from train.finished import parser_of
from train.progress import SilentProgress
from train.recipes.few import few
from train.run_record import RunRecord
from train.training.fit import fit
from train.training.run import NO_PARENTS, Parents, Texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.corpora.example import Example
    from train.start import Start

SEED_STEP = 1000
"""Between the seeds of the recipe of two draws."""


class Beginning(NamedTuple):
    """What `few` starts from, what that is called, and the sha256 of its weights."""

    name: str
    start: Start
    digest: str


def answered(
    work: Path, beginning: Beginning, learnt: Sequence[Example], judged: Sequence[Example], *, seed: int
) -> dict[str, float]:
    """Intent accuracy and slot F1 of `few`; it learns from all of `learnt` and has none to choose an epoch by.

    What the same answered to the same before is read in `work`.
    """
    base = few()
    config = replace(base, seed=base.seed + SEED_STEP * seed)

    def learn() -> dict[str, float]:
        with TemporaryDirectory() as folder:
            checkpoint = _run(Path(folder), config, learnt, Parents(beginning.start))
            frames = parser_of(checkpoint).parse([example.utterance for example in judged])
        mean = measure(judged, frames)["mean"]
        return {key: mean[key] or 0.0 for key in ("intent_accuracy", "slot_f1")}

    key = {
        "start": beginning.digest,
        "config": unstructure(config),
        "learnt": [example.id for example in learnt],
        "judged": [example.id for example in judged],
    }
    folder = work / beginning.name
    folder.mkdir(parents=True, exist_ok=True)
    return dict(recorded(folder / f"{seed}-{len(learnt)}.json", key, learn))


def source(folder: Path, train: Sequence[Example], *, epochs: int) -> Checkpoint:
    """A network of the shipped one's sizes that learns from these utterances alone, or the one that is there already."""
    checkpoint = Checkpoint(folder)
    if checkpoint.complete:
        return checkpoint
    joint = few().joint
    embedder = replace(joint.embedder, freeze_words=False, min_word_count=2)
    config = RunConfig(
        recipe="few-source",
        scheme="IO",
        classifier=None,
        joint_weight=1.0,
        joint=replace(joint, embedder=embedder),
        swap=SwapConfig(utterances=0.3),
        optim=OptimConfig(epochs=epochs),
    )
    folder.mkdir(parents=True, exist_ok=True)
    return _run(folder, config, train)


def _run(
    folder: Path, config: RunConfig, train: Sequence[Example], parents: Parents = NO_PARENTS
) -> Checkpoint:
    checkpoint = Checkpoint(folder)
    locales = tuple(dict.fromkeys(example.locale for example in train))
    record = RunRecord(config, corpus="a draw", locales=locales, git_commit="", libraries={}, created="")
    checkpoint.save("run", record)
    fit(checkpoint, config, Texts(train, []), SilentProgress(), parents)
    return checkpoint
