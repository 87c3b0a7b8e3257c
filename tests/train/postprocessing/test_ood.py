"""The out-of-domain score: its threshold refuses at most the share asked for and could not be lower; its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.cli.ood import MAX_REFUSED_SHARE
from train.postprocessing.ood import MASSIVE_SCORE, NEVER, REFUSED_SHARE, SIGNAL_WEIGHTS, threshold

if TYPE_CHECKING:
    from numpy.typing import NDArray

some_scores = st.lists(st.floats(0, 1, width=32), min_size=1, max_size=60).map(
    lambda scores: np.array(scores, dtype=np.float32)
)


@given(some_scores, st.floats(0, 0.5))
def test_at_most_the_share_is_refused_and_any_lower_threshold_refuses_more(
    scores_B: NDArray[np.float32], share: float
) -> None:
    chosen = threshold(scores_B, share)
    assert (scores_B > chosen).mean() <= share
    lower = scores_B[scores_B < chosen]
    if len(lower):
        assert (scores_B > lower.max()).mean() > share


def test_no_threshold_without_scores() -> None:
    with pytest.raises(ValueError, match="found no scores"):
        threshold(np.zeros(0, dtype=np.float32), 0.01)


def test_a_score_that_no_dev_has_seen_refuses_nothing() -> None:
    scores_B = np.array([0.0, 0.5, 1.0], dtype=np.float32)
    assert not (scores_B > NEVER).any()
    assert MASSIVE_SCORE.threshold == NEVER


def test_the_weights_of_massive_are_of_the_signals_that_the_score_is_made_of() -> None:
    assert MASSIVE_SCORE.weights.keys() == SIGNAL_WEIGHTS.keys()
    given_weights = {signal: weight for signal, weight in SIGNAL_WEIGHTS.items() if weight is not None}
    assert given_weights
    assert {signal: MASSIVE_SCORE.weights[signal] for signal in given_weights} == given_weights


def test_the_share_that_is_refused_by_default_is_that_of_the_threshold_and_under_the_promised_one() -> None:
    scores_B = np.linspace(0.0, 1.0, 1000, dtype=np.float32)
    assert threshold(scores_B) == threshold(scores_B, REFUSED_SHARE)
    assert REFUSED_SHARE < MAX_REFUSED_SHARE
