"""The threshold refuses at most the share asked for, and could not be lower."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.postprocessing.ood_threshold import choose

if TYPE_CHECKING:
    from numpy.typing import NDArray

some_scores = st.lists(st.floats(0, 1, width=32), min_size=1, max_size=60).map(
    lambda found: np.array(found, dtype=np.float32)
)


@given(some_scores, st.floats(0, 0.5))
def test_at_most_the_share_is_refused_and_any_lower_threshold_refuses_more(
    scores_B: NDArray[np.float32], share: float
) -> None:
    threshold = choose(scores_B, share)
    assert (scores_B > threshold).mean() <= share
    lower = scores_B[scores_B < threshold]
    if len(lower):
        assert (scores_B > lower.max()).mean() > share


def test_no_threshold_without_scores() -> None:
    with pytest.raises(ValueError, match="found no scores"):
        choose(np.zeros(0, dtype=np.float32), 0.01)
