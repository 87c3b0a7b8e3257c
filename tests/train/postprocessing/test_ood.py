"""The out-of-domain score: its threshold refuses at most the share asked for and could not be lower; its weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyparse.inference.ood import Evidence
from train.cli.ood import MAX_REFUSED_SHARE
from train.postprocessing.ood import (
    DEFAULT_LEAST,
    MASSIVE_SCORE,
    NEVER,
    REFUSED_SHARE,
    SIGNAL_WEIGHTS,
    default_score,
    lower_default_score,
)


def test_a_score_that_no_dev_has_seen_refuses_nothing() -> None:
    scores_B = np.array([0.0, 0.5, 1.0], dtype=np.float32)
    assert not (scores_B > NEVER).any()
    assert MASSIVE_SCORE.threshold == NEVER


def test_the_weights_of_massive_are_of_the_signals_that_the_score_is_made_of() -> None:
    assert MASSIVE_SCORE.weights.keys() == SIGNAL_WEIGHTS.keys()
    given_weights = {signal: weight for signal, weight in SIGNAL_WEIGHTS.items() if weight is not None}
    assert given_weights
    assert {signal: MASSIVE_SCORE.weights[signal] for signal in given_weights} == given_weights


def test_the_share_that_is_refused_by_default_is_under_the_promised_one() -> None:
    assert REFUSED_SHARE < MAX_REFUSED_SHARE


def evidence(unknown: list[float], sure: float = 0.97, n_intents: int = 4) -> Evidence:
    """Of utterances with these shares of unknown words, all as sure of their intent."""
    probs_BI = np.full((len(unknown), n_intents), (1.0 - sure) / max(1, n_intents - 1))
    probs_BI[:, 0] = sure if n_intents > 1 else 1.0
    return Evidence(intent_log_probs_BI=np.log(probs_BI), unknown_words_B=np.array(unknown))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=80), st.integers(1, 6))
def test_the_default_score_refuses_at_most_the_promised_share_of_dev(
    unknown: list[float], n_intents: int
) -> None:
    dev = evidence(unknown, n_intents=n_intents)
    score = default_score(dev)
    assert (score.scores(dev) > score.threshold).mean() <= REFUSED_SHARE
    assert DEFAULT_LEAST <= score.threshold <= NEVER
    assert not score.needs_training_text


@pytest.mark.parametrize("n_dev", [2, 5, 15, 100])
def test_the_default_score_refuses_foreign_words_and_keeps_a_new_value(n_dev: int) -> None:
    score = default_score(evidence([0.0, 0.2] * (n_dev // 2 + 1)))
    new_value, foreign = (
        score.scores(evidence([0.3], sure=0.9))[0],
        score.scores(evidence([0.9], sure=0.5))[0],
    )
    assert new_value < score.threshold < foreign


def test_one_dev_utterance_shows_no_tail_so_that_nothing_is_refused() -> None:
    assert default_score(evidence([0.0])).threshold == NEVER


def test_a_small_dev_that_varies_has_a_threshold_above_its_largest_score() -> None:
    dev = evidence([0.0, 0.1, 0.3, 0.5, 0.6, 0.5])
    score = default_score(dev)
    assert score.threshold > score.scores(dev).max()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.lists(st.floats(0, 1), min_size=1, max_size=80))
def test_of_two_default_thresholds_the_one_that_refuses_more_holds(
    dev: list[float], held_out: list[float]
) -> None:
    of_dev, of_all = evidence(dev), evidence([*dev, *held_out])
    thresholds = [default_score(of_dev).threshold, default_score(of_all).threshold]
    assert lower_default_score(of_dev, of_all).threshold == min(thresholds)


def test_a_dev_that_shows_no_tail_refuses_by_what_was_held_out() -> None:
    held_out = evidence([0.0, *[0.0, 0.3] * 40])
    assert default_score(evidence([0.0])).threshold == NEVER
    assert lower_default_score(evidence([0.0]), held_out).threshold < 0.9
