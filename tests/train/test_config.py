"""The config of a run: what is impossible is refused, and which runs read the corpus in all of its locales."""

from __future__ import annotations

from dataclasses import replace

import pytest

from polyparse.errors import ConfigError
from polyparse.schema import override
from tests.train.tiny import TINY, with_joint
from train.config import DistilConfig, MaskedWordsConfig
from train.models.word_bag import WordBagConfig
from train.recipes import RECIPES


@pytest.mark.parametrize("wrong", [{"epochs": -1}, {"share": 1.5}])
def test_impossible_settings_of_masked_words_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        MaskedWordsConfig(**wrong)  # type: ignore[arg-type]  # of its fields


@pytest.mark.parametrize("wrong", [{"gold": 1.5}, {"joint_weight": -0.1}, {"draws": 0}, {"seed": -1}])
def test_impossible_settings_of_distillation_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        DistilConfig(**wrong)  # type: ignore[arg-type]  # of its fields


def test_a_head_that_there_is_not_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"joint\.head: found 'viterbi', expected one of softmax, crf, margin-crf, ain"
    ):
        with_joint(TINY, head="viterbi")


def test_only_a_run_that_aligns_words_reads_translations() -> None:
    assert TINY.classifier is not None
    embedder = replace(TINY.joint.embedder, word_vectors="aligned")
    assert with_joint(TINY, embedder=embedder).reads_translations
    assert replace(TINY, classifier=replace(TINY.classifier, bag=WordBagConfig())).reads_translations
    assert not replace(TINY, masked_words=MaskedWordsConfig(epochs=3)).reads_translations
    assert not replace(TINY, classifier=None).reads_translations


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["optim.epoch_steps=5", "optim.min_steps=2"], "min_steps: found 2 with epoch_steps, expected 1"),
        (["optim.epoch_steps=0"], "epoch_steps: found 0, expected at least 1"),
        (["optim.clip_norm=-1.0"], "clip_norm: found -1.0, expected at least 0"),
        (
            ["stream.on=true", "optim.padded=true"],
            "optim.padded: found True, expected False where the corpus is a stream",
        ),
        (["stream.on=true", "optim.epoch_steps=5"], "optim.epoch_steps: found 5, expected None"),
    ],
)
def test_settings_of_updates_that_do_not_go_together_are_refused(settings: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        override(RECIPES["stm"](), settings)
