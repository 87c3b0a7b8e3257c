"""The area under the ROC curve against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.auroc import auroc

groups = st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=12)


@given(groups, groups)
def test_it_is_the_share_of_pairs_in_order_with_ties_half(higher: list[float], lower: list[float]) -> None:
    pairs = [(a > b) + 0.5 * (a == b) for a in higher for b in lower]
    assert auroc(np.array(higher), np.array(lower)) == pytest.approx(sum(pairs) / len(pairs))


@given(groups, groups)
def test_swapping_the_groups_gives_the_rest(higher: list[float], lower: list[float]) -> None:
    one, other = np.array(higher), np.array(lower)
    assert auroc(one, other) == pytest.approx(1 - auroc(other, one))


def test_no_area_without_scores_or_with_nan() -> None:
    some, none = np.ones(2), np.ones(0)
    for higher, lower in ((some, none), (none, some), (np.array([np.nan]), some)):
        with pytest.raises(ValueError, match="expected"):
            auroc(higher, lower)
