"""Biases that dev asks for: what they minimise, that utterances apart judge them, and that a run keeps and serves them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax

from polyparse.errors import ConfigError
from tests.train.corpus import examples
from tests.train.tiny import SHORT
from tests.train.training.test_fit import log, train
from train.finished import parser_of
from train.postprocessing.routing import cross_fitted, fit_bias
from train.progress import Progress
from train.training.fit import fit
from train.training.run import Texts

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

BIASED = replace(SHORT, joint_weight=0.4, intent_bias=0.01)


def drawn(seed: int, *, shift: float = 0.0) -> tuple[Numbers, NDArray[np.int64], list[str]]:
    """Log-probabilities of three intents of which the first is `shift` too likely, what is true, and ids of pairs."""
    random = np.random.default_rng(seed)
    true_B = random.integers(3, size=300)
    logits_BI = random.normal(size=(300, 3))
    logits_BI[np.arange(300), true_B] += 1.5
    logits_BI[:, 0] += shift
    return log_softmax(logits_BI, axis=1), true_B, [str(number // 2) for number in range(300)]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.floats(1e-3, 1.0))
def test_no_other_bias_costs_less(seed: int, penalty: float) -> None:
    log_probs_BI, intents_B, _ = drawn(seed, shift=1.0)

    def cost(bias_I: Numbers) -> float:
        moved_BI = log_softmax(log_probs_BI + bias_I, axis=1)
        return float(-moved_BI[np.arange(300), intents_B].mean() + penalty * np.square(bias_I).sum())

    best_I = fit_bias(log_probs_BI, intents_B, penalty)
    for other_I in np.random.default_rng(seed).normal(scale=0.05, size=(20, 3)):
        assert cost(best_I) <= cost(best_I + other_I) + 1e-7


def test_an_intent_that_is_too_likely_is_held_back_and_a_high_penalty_forbids_it() -> None:
    log_probs_BI, intents_B, ids = drawn(1, shift=2.0)
    bias_I = fit_bias(log_probs_BI, intents_B, 1e-4)
    assert bias_I[0] == pytest.approx(min(bias_I))
    assert bias_I[1:].mean() - bias_I[0] == pytest.approx(2.0, abs=0.5)
    np.testing.assert_allclose(fit_bias(log_probs_BI, intents_B, 1e4), 0.0, atol=1e-4)
    without = (log_probs_BI.argmax(axis=1) == intents_B).mean()
    assert cross_fitted(log_probs_BI, intents_B, ids, 1e-3).mean() > without + 0.05


def test_an_utterance_and_its_translations_have_no_say_in_their_own_judgement() -> None:
    """Labels of one id turned about change who is right under the biases of others, not the biases that judge it."""
    log_probs_BI, intents_B, ids = drawn(2)
    turned_B = intents_B.copy()
    turned_B[:2] = (turned_B[:2] + 1) % 3
    right_B = cross_fitted(log_probs_BI, intents_B, ids, 0.01)
    found_B = cross_fitted(log_probs_BI, turned_B, ids, 0.01)
    assert not (right_B[:2] & found_B[:2]).any()
    same_part_B = np.array([int(utterance) % 5 == 0 for utterance in ids])
    np.testing.assert_array_equal(right_B[same_part_B][2:], found_B[same_part_B][2:])


def test_one_utterance_is_judged_without_any_bias() -> None:
    log_probs_BI, intents_B, _ = drawn(3)
    right_B = cross_fitted(log_probs_BI[:2], intents_B[:2], ["7", "7"], 0.01)
    np.testing.assert_array_equal(right_B, log_probs_BI[:2].argmax(axis=1) == intents_B[:2])


def test_a_run_measures_itself_under_its_biases_and_says_what_they_bring(tmp_path: Path) -> None:
    plain, _ = train(tmp_path / "plain", replace(BIASED, intent_bias=None))
    checkpoint, measures = train(tmp_path / "run", BIASED)
    (said,) = [line["intent_bias"] for line in log(checkpoint) if "intent_bias" in line]
    assert said["fitted"] == pytest.approx(measures["mean"]["intent_accuracy"])
    before, after = plain.classifier(), checkpoint.classifier()
    assert before is not None
    assert after is not None
    np.testing.assert_array_equal(before.maxent.weights_VC, after.maxent.weights_VC)
    assert not np.allclose(before.maxent.bias_C, after.maxent.bias_C)
    parser = parser_of(checkpoint)
    corpus = examples()
    frames = parser.run([parser.vectorizer.item(example.utterance) for example in corpus]).frames
    right = [f.intent is not None and f.intent.name == e.intent for f, e in zip(frames, corpus, strict=True)]
    assert np.mean(right) == pytest.approx(said["fitted"])


def test_a_run_that_is_finished_again_ends_with_the_same_biases(tmp_path: Path) -> None:
    checkpoint, measures = train(tmp_path / "run", BIASED)
    first = checkpoint.classifier()
    (checkpoint.folder / "measures.json").unlink()
    again = fit(checkpoint, BIASED, Texts(examples(), examples()), Progress(quiet=True))
    assert json.dumps(again) == json.dumps(measures)
    second = checkpoint.classifier()
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(first.maxent.bias_C, second.maxent.bias_C)


@pytest.mark.parametrize(
    "changes", [{"classifier": None}, {"routing": "hard"}, {"intent_bias": -1.0}], ids=["DC", "hard", "sign"]
)
def test_biases_are_for_a_mixture_of_intents(changes: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="intent_bias: found"):
        replace(BIASED, **changes)  # type: ignore[arg-type]  # of its fields
