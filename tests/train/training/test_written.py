"""Runs that learn numbers in digits: their tables know the digits, their epochs differ, and the seed decides."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from polyparse.corpora.augmentation.written_forms import WrittenConfig, WrittenForms
from polyparse.errors import ConfigError
from polyparse.text.vectorizer import Vectorizer
from tests.train.corpus import examples
from tests.train.tiny import SHORT, parts
from tests.train.training.test_initialisation import QUIET, opened
from train.config import RunConfig
from train.data.task import build_targets
from train.models.token_crf import TokenCrfConfig
from train.postprocessing.training_text import training_text_of
from train.training.fit import fit
from train.training.run import Texts

if TYPE_CHECKING:
    from pathlib import Path

    from train.checkpoint import Checkpoint

WRITTEN = replace(SHORT, written=WrittenConfig(utterances=0.9, native=0.3))
TEXTS = Texts(examples(), examples())


def fitted(folder: Path, config: RunConfig) -> Checkpoint:
    checkpoint = opened(folder, config)
    fit(checkpoint, config, TEXTS, QUIET)
    return checkpoint


def digits(checkpoint: Checkpoint) -> set[str]:
    return {word for word in checkpoint.tables().vocabulary.words if any(char.isdigit() for char in word)}


def test_the_tables_of_such_a_run_know_numbers_in_digits_and_those_of_others_none(tmp_path: Path) -> None:
    spoken, written = fitted(tmp_path / "spoken", SHORT), fitted(tmp_path / "written", WRITTEN)
    assert digits(spoken) == set()
    assert "7:30" in digits(written)
    text, more = (training_text_of(examples(), checkpoint) for checkpoint in (spoken, written))
    assert len(more.ngrams_N) > len(text.ngrams_N)


def test_the_same_run_gives_the_same_network(tmp_path: Path) -> None:
    weights, again = (fitted(tmp_path / name, WRITTEN).find("network-0") for name in ("first", "second"))
    assert weights is not None
    assert again is not None
    assert all(weights[name].equal(again[name]) for name in weights)


def test_an_epoch_has_other_forms_than_the_one_before() -> None:
    forms = WrittenForms(WRITTEN.written)
    assert len({tuple(example.text for example in forms.draw(examples(), seed)) for seed in range(8)}) == 8


def test_an_utterance_in_digits_has_a_target_for_each_of_its_tokens() -> None:
    task, tables = parts(SHORT, examples())
    drawn = WrittenForms(WRITTEN.written).draw(examples(), 5)
    assert drawn != examples()
    items, targets = build_targets(drawn, task.labels, Vectorizer(tables.vocabulary, tables.features))
    assert [item.n_tokens for item in items] == [len(target.tags_T) for target in targets]


def test_a_crf_over_features_of_tokens_cannot_have_them() -> None:
    with pytest.raises(ConfigError, match=r"^written\.utterances: found 0\.5, expected 0\.0 with token_crf"):
        RunConfig(
            recipe="x",
            joint_weight=0.0,
            token_crf=TokenCrfConfig(max_iterations=2),
            written=WrittenConfig(utterances=0.5),
        )
