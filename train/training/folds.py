"""Holding out a small corpus's training utterances in turn, for calibration and the default out-of-domain score.

A dev of fifteen is right throughout or nearly so, and shows neither how wrong a network is about new utterances nor how
many unknown words these have. So training data are cut into folds; for each one, a network learns from the others and
answers it. Each learns for its share of the epochs, so that all together cost about as much as the run itself.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from train.checkpoint import Checkpoint
from train.compute import CPU
from train.finished import parser_of
from train.postprocessing.calibration import MIN_UTTERANCES
from train.postprocessing.calibration_data import calibration_data_of
from train.postprocessing.held_out import HeldOut
from train.progress import SilentProgress
from train.stopwatch import Stopwatch
from train.training.fit import fit
from train.training.run import NO_PARENTS, Parents, Texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from polyparse.corpora.example import Example
    from train.progress import Progress
    from train.run_record import RunRecord


def hold_out(
    checkpoint: Checkpoint,
    texts: Texts,
    progress: Progress,
    parents: Parents = NO_PARENTS,
    device: torch.device = CPU,
) -> None:
    """Write the held-out answers of a finished run, if its config has folds, its dev is small and they are not there yet."""
    run, file = checkpoint.run(), checkpoint.folder / checkpoint.HELD_OUT
    texts = texts.read_by(run.config)
    parts = folds_of(texts.train, run.config.folds)
    if len(parts) < 2 or len(texts.dev) >= MIN_UTTERANCES or file.exists():
        return
    started, answers = Stopwatch(), []
    with progress.stage("held-out answers", len(parts)) as step:
        for index, held in enumerate(parts):
            others = [example for part in parts if part is not held for example in part]
            answers.append(_answers(run, held, replace(texts, train=others), parents, device))
            step(index + 1)
    labels = checkpoint.labels()
    HeldOut.join([answer.of(labels) for answer in answers]).save(file)
    checkpoint.log({"stage": "held-out answers", **started.read()})


def folds_of(examples: Sequence[Example], n_folds: int) -> list[list[Example]]:
    """The examples in so many parts, each intent in all of them; translations, which share their id, are in one."""
    intents: dict[str, str] = {}
    for example in examples:
        intents.setdefault(example.id, example.intent or "")
    in_turn = {one: place for place, one in enumerate(sorted(intents, key=lambda one: intents[one]))}
    parts = [
        [example for example in examples if in_turn[example.id] % n_folds == fold] for fold in range(n_folds)
    ]
    return [part for part in parts if part]


def _answers(
    run: RunRecord, held: Sequence[Example], texts: Texts, parents: Parents, device: torch.device
) -> HeldOut:
    """What a network that learns from the texts answers to the examples that are held out."""
    optim = run.config.optim
    epochs = -(-optim.epochs // run.config.folds)
    config = replace(run.config, folds=0, optim=replace(optim, epochs=epochs))
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Checkpoint(Path(folder))
        checkpoint.save("run", replace(run, config=config))
        fit(checkpoint, config, texts, SilentProgress(), parents, device)
        parser, routing = parser_of(checkpoint), checkpoint.routing()
        vectorizer = checkpoint.tables().vectorizer(texts.tokenised)
    paired = [(example, vectorizer.item(example.utterance)) for example in held]
    examples = [example for example, item in paired if item.n_tokens]
    items = [item for _, item in paired if item.n_tokens]
    return HeldOut(calibration_data_of(parser, items, examples, routing), parser.evidence(items))
