"""Runs that learn everyday words for on and off: their tables know the words, their epochs differ, and the seed decides."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from polyparse.corpora.augmentation.everyday_words import EverydayConfig
from polyparse.corpora.example import Example
from polyparse.errors import ConfigError
from polyparse.schema import override
from tests.train.tiny import SHORT
from tests.train.training.test_initialisation import QUIET, opened
from train.postprocessing.training_text import training_text_of
from train.recipes import RECIPES
from train.training.fit import fit
from train.training.run import Texts

if TYPE_CHECKING:
    from pathlib import Path

    from train.checkpoint import Checkpoint
    from train.config import RunConfig

EVERYDAY = replace(SHORT, everyday=EverydayConfig(utterances=0.9, opposite=0.5))
CORPUS = [
    Example(str(number), f"turn {how} the {what}", "en-US", "train", "iot", f"iot_hue_light{how}", ())
    for number, (how, what) in enumerate(
        [("on", "light"), ("off", "light"), ("off", "lamp"), ("on", "lamp")] * 3
    )
]
TEXTS = Texts(CORPUS, CORPUS[:4])


def fitted(folder: Path, config: RunConfig) -> Checkpoint:
    checkpoint = opened(folder, config)
    fit(checkpoint, config, TEXTS, QUIET)
    return checkpoint


def test_the_tables_of_such_a_run_know_the_words_and_those_of_others_do_not(tmp_path: Path) -> None:
    plain, everyday = fitted(tmp_path / "plain", SHORT), fitted(tmp_path / "everyday", EVERYDAY)
    words = [set(checkpoint.tables().vocabulary.words) for checkpoint in (plain, everyday)]
    assert words[0] == {"turn", "on", "off", "the", "light", "lamp"}
    assert {"kill", "shut", "activate"} <= words[1]
    text, more = (training_text_of(CORPUS, checkpoint) for checkpoint in (plain, everyday))
    assert len(more.ngrams_N) > len(text.ngrams_N)


def test_the_same_run_gives_the_same_network(tmp_path: Path) -> None:
    weights, again = (fitted(tmp_path / name, EVERYDAY).find("network-0") for name in ("first", "second"))
    assert weights is not None
    assert again is not None
    assert all(weights[name].equal(again[name]) for name in weights)


@pytest.mark.parametrize(
    ("recipe", "setting", "where"),
    [
        ("maxent-crf", "everyday.utterances=0.5", "with token_crf"),
        ("maxent-crf", "data.contradictions=weigh", "with token_crf"),
        ("stm", "everyday.utterances=0.5", "where the corpus is a stream"),
        ("stm", "data.contradictions=weigh", "where the corpus is a stream"),
        ("bilstm-crf", "everyday.utterances=0.5", "with slots_only"),
        ("bilstm-crf", "data.contradictions=weigh", "with slots_only"),
    ],
)
def test_runs_that_could_not_do_it_refuse_it(recipe: str, setting: str, where: str) -> None:
    config = RECIPES[recipe]()
    settings = ["stream.on=true", setting] if recipe == "stm" else [setting]
    key = setting.partition("=")[0]
    with pytest.raises(ConfigError, match=rf"{key}: found .*, expected .* {where}"):
        override(config, settings[::-1])
