"""The figures of foreign phrases: shares by kind and topic, and what dev pays for a threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchmarks.errors import MeasurementFailed
from benchmarks.foreign import TARGETS, Dev, caught, cost, dev_of, rule_of, scores
from polyparse.contract.frame import Utterance
from polyparse.corpora.example import Example
from polyparse.evaluation.foreign_phrases import ForeignPhrase
from polyparse.inference.foreign import ForeignWords
from polyparse.inference.ood import FOREIGN_WORDS, OodScore
from polyparse.runtime.load import LoadedBundle, load
from polyparse.text.features import word_hash
from tests.bundles import write_bundle
from train.postprocessing.foreign import ForeignRule

if TYPE_CHECKING:
    from pathlib import Path

WORDS = ForeignWords(
    np.array([word_hash("garage")], dtype=np.uint32), np.array([4.0], dtype=np.float16), unknown=-4.0
)
RULE = ForeignRule(WORDS, OodScore(threshold=0.5, weights={FOREIGN_WORDS: 1.0}, bias=0.0))
PHRASES = [
    ForeignPhrase("open the garage", "en-US", "task", "openings", is_seen=True),
    ForeignPhrase("book a hotel", "en-US", "task", "travel", is_seen=True),
    ForeignPhrase("prenota un albergo", "it-IT", "task", "travel", is_seen=False),
    ForeignPhrase("i love you", "en-US", "talk", "love", is_seen=True),
    ForeignPhrase("you are a parrot", "en-US", "talk", "birds", is_seen=False),
]


@pytest.fixture
def bundle(tmp_path: Path) -> LoadedBundle:
    return load(write_bundle(tmp_path / "words" / "1"), device="cpu")


def example(text: str, intent: str) -> Example:
    return Example(text, text, "en-US", "dev", None, intent, ())


def test_shares_are_of_kinds_locales_and_topics() -> None:
    figures = caught(PHRASES, np.array([True, False, True, True, False]))
    assert figures["caught_task"] == pytest.approx(2 / 3)
    assert (figures["caught_task_seen"], figures["caught_task_unseen"]) == (0.5, 1.0)
    assert (figures["caught_task_en-US"], figures["caught_task_it-IT"]) == (0.5, 1.0)
    assert (figures["caught_talk"], figures["phrases_task"], figures["phrases_talk"]) == (0.5, 3, 2)


def test_dev_pays_for_the_score_and_for_screens() -> None:
    dev = Dev(
        scores_B=np.array([0.9, 0.2, 0.6, 0.1], dtype=np.float32),
        intent_right_B=np.array([True, True, False, True]),
        exact_B=np.array([False, True, False, True]),
        screened_B=np.array([False, True, False, False]),
    )
    assert dev.cost(0.5) == {
        "dev_refused": 0.75,
        "dev_refused_by_score": 0.5,
        "dev_intents_lost": 0.5,
        "dev_exact_lost": 0.25,
    }
    assert dev.cost(1.0)["dev_refused"] == 0.25


def test_a_phrase_scores_by_its_words(bundle: LoadedBundle) -> None:
    garage, other = scores(bundle.parser, RULE, [Utterance("garage"), Utterance("wake me")]).tolist()
    assert garage > 0.5 > other


def test_dev_is_judged_by_frames_that_refuse_nothing(bundle: LoadedBundle) -> None:
    examples = [example("wake me at seven", "alarm_set"), example("garage", "alarm_set")]
    dev = dev_of(bundle, RULE, examples)
    assert dev.intent_right_B.tolist() == [True, False] or dev.intent_right_B.tolist() == [True, True]
    assert (dev.scores_B > 0.5).tolist() == [False, True]
    assert not dev.screened_B.any()


def test_weights_cost_bytes_and_time(bundle: LoadedBundle) -> None:
    figures = cost(bundle.parser, WORDS, [example("wake me at seven", "alarm_set")])
    assert 0 < figures["words_bytes"] < TARGETS["words_bytes"].bound
    assert min(figures["words_us"], figures["words_us_alone"]) > 0


def test_a_bundle_that_refuses_nothing_cannot_be_judged(bundle: LoadedBundle) -> None:
    with pytest.raises(MeasurementFailed, match="found a bundle that refuses nothing"):
        rule_of(bundle, "massive:absent", [])
