"""The learning rate over a run: up along a line, down along a cosine, to zero at the end."""

from __future__ import annotations

from math import cos, pi

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from train.config import OptimConfig
from train.schedule import set_rate

OPTIM = OptimConfig(learning_rate=0.02, warmup_share=0.2)
progresses = st.floats(1e-3, 1.0)


def rate(progress: float, optim: OptimConfig = OPTIM) -> float:
    """The rate that stands in every group of an optimiser then."""
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))]} for _ in range(2)]
    optimiser = torch.optim.SGD(groups, lr=123.0)
    set_rate(optimiser, optim, progress)
    first, second = (float(group["lr"]) for group in optimiser.param_groups)
    assert first == second
    return first


def test_half_of_the_warm_up_has_half_of_the_rate_and_its_end_has_all_of_it() -> None:
    assert rate(0.1) == pytest.approx(0.01)
    assert rate(0.2) == pytest.approx(0.02)


def test_half_of_what_follows_has_half_of_the_rate_and_the_end_has_none() -> None:
    assert rate(0.6) == pytest.approx(0.01)
    assert rate(0.4) == pytest.approx(0.02 * 0.5 * (1 + cos(pi / 4)))
    assert rate(1.0) == pytest.approx(0.0, abs=1e-12)


def test_without_a_warm_up_a_run_begins_at_the_rate() -> None:
    assert rate(1e-9, OptimConfig(learning_rate=0.02, warmup_share=0.0)) == pytest.approx(0.02)


@given(progresses, progresses)
def test_the_rate_rises_in_the_warm_up_and_never_after_it(one: float, other: float) -> None:
    earlier, later = sorted((one, other))
    assert 0.0 <= rate(later) <= OPTIM.learning_rate
    if later <= OPTIM.warmup_share:
        assert rate(earlier) <= rate(later)
    if earlier >= OPTIM.warmup_share:
        assert rate(earlier) >= rate(later)
