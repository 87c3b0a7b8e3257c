"""Holding out training utterances: each is answered once, by a network that has not seen it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from polyparse.text.tokens import tokenise
from tests.model_export.checkpoints import CONFIG, export, started
from tests.train.corpus import LOCALES, examples
from train.postprocessing.calibration import MIN_UTTERANCES
from train.postprocessing.held_out import load
from train.progress import SilentProgress
from train.training.fit import fit
from train.training.folds import folds_of, hold_out
from train.training.run import Texts

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.corpora.example import Example
    from train.checkpoint import Checkpoint

FOLDS = replace(CONFIG, folds=3)
ONCE = replace(examples()[0], id="once", text="wake me xylophonically", slots=())
"""An utterance with a word that no other has."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """A finished run with folds."""
    checkpoint = started(tmp_path_factory.mktemp("folds") / "run", FOLDS)
    texts = Texts([*examples(), ONCE], examples("dev"))
    fit(checkpoint, FOLDS, texts, SilentProgress())
    hold_out(checkpoint, texts, SilentProgress())
    return checkpoint


def test_folds_are_parts_that_have_every_intent_and_keep_translations_together() -> None:
    parts = folds_of(examples(), 3)
    assert sorted(example.id for part in parts for example in part) == sorted(e.id for e in examples())
    homes = [{example.id for example in part} for part in parts]
    assert not homes[0] & homes[1] | homes[1] & homes[2] | homes[0] & homes[2]
    assert all({e.locale for e in part} == set(LOCALES) for part in parts)
    assert all("weather_query" in {example.intent for example in part} for part in parts)
    assert folds_of(examples(), 0) == []
    assert len(folds_of(examples()[:1], 3)) == 1


def test_each_training_utterance_is_answered_by_a_network_that_has_not_seen_it(run: Checkpoint) -> None:
    data, evidence = load(run.folder / run.HELD_OUT, run.labels(), run.routing())
    assert sorted(data.ids_B.tolist()) == sorted([*(example.id for example in examples()), "once"])
    row = data.ids_B.tolist().index("once")
    assert ONCE.text.split()[-1] in run.tables().vocabulary.word_ids
    assert evidence.unknown_words_B[row] >= 1 / len(tokenise(ONCE.text))


def test_an_intent_of_one_fold_is_wrong_where_it_is_held_out(run: Checkpoint) -> None:
    data, _ = load(run.folder / run.HELD_OUT, run.labels(), run.routing())
    louder = [example.id for example in examples() if example.intent == "music_louder"]
    assert not data.intent_right_B[[one in louder for one in data.ids_B.tolist()]].any()


def test_a_bundle_is_calibrated_by_them_too(run: Checkpoint, tmp_path: Path) -> None:
    export(run, tmp_path / "1")
    card = (tmp_path / "1" / "MODEL_CARD.md").read_text(encoding="utf-8")
    held_out = len(examples()) + 1
    assert f"calibrated on 8 dev utterances and {held_out} held-out training utterances" in " ".join(
        card.split()
    )


@pytest.mark.parametrize(
    ("folds", "train", "dev"),
    [
        (0, examples(), examples("dev")),
        (3, examples()[:1], examples("dev")),
        (3, examples(), examples("dev") * MIN_UTTERANCES),
    ],
    ids=["no folds", "one utterance", "a large dev"],
)
def test_nothing_is_held_out_where_it_is_not_asked_for_or_not_needed(
    folds: int, train: list[Example], dev: list[Example], tmp_path: Path
) -> None:
    checkpoint = started(tmp_path / "run", replace(CONFIG, folds=folds))
    hold_out(checkpoint, Texts(train, dev), SilentProgress())
    assert not (checkpoint.folder / checkpoint.HELD_OUT).exists()
