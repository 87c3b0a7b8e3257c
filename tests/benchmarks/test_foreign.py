"""The figures of foreign phrases, by weights of words that a bundle has or would be given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchmarks.errors import MeasurementFailed
from benchmarks.foreign import TARGETS, cost, judged_by, rule_of, scores
from polyparse.contract.frame import Utterance
from polyparse.corpora.example import Example
from polyparse.inference.foreign import ForeignWords
from polyparse.inference.ood import FOREIGN_WORDS, OodScore
from polyparse.runtime.load import LoadedBundle, load
from polyparse.text.features import word_hash
from tests.bundles import edit_manifest, write_bundle
from train.postprocessing.foreign import ForeignRule

if TYPE_CHECKING:
    from pathlib import Path

WORDS = ForeignWords(
    np.array([word_hash("garage")], dtype=np.uint32), np.array([4.0], dtype=np.float16), unknown=-4.0
)
RULE = ForeignRule(WORDS, OodScore(threshold=0.5, weights={FOREIGN_WORDS: 1.0}, bias=0.0))


@pytest.fixture
def bundle(tmp_path: Path) -> LoadedBundle:
    return load(write_bundle(tmp_path / "words" / "1"), device="cpu")


def example(text: str, intent: str) -> Example:
    return Example(text, text, "en-US", "dev", None, intent, ())


def test_a_phrase_scores_by_its_words(bundle: LoadedBundle) -> None:
    garage, other = scores(bundle.parser, RULE, [Utterance("garage"), Utterance("wake me")]).tolist()
    assert garage > 0.5 > other


def test_dev_is_judged_by_the_scores_of_the_rule(bundle: LoadedBundle) -> None:
    edit_manifest(bundle.folder, ood={"threshold": 1.0, "weights": {"unknown_words": 1.0}, "bias": 0.0})
    examples = [example("wake me at seven", "alarm_set"), example("garage", "alarm_set")]
    dev = judged_by(RULE, load(bundle.folder, device="cpu"), examples)
    assert (dev.scores_B > 0.5).tolist() == [False, True]
    assert not dev.screened_B.any()


def test_weights_cost_bytes_and_time(bundle: LoadedBundle) -> None:
    figures = cost(bundle.parser, WORDS, [example("wake me at seven", "alarm_set")])
    assert 0 < figures["words_bytes"] < TARGETS["words_bytes"].bound
    assert min(figures["words_us"], figures["words_us_alone"]) > 0


def test_a_bundle_that_refuses_nothing_cannot_be_judged(bundle: LoadedBundle) -> None:
    with pytest.raises(MeasurementFailed, match="found a bundle that refuses nothing"):
        rule_of(bundle, "massive:absent", [])
