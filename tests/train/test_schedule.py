"""The learning rate over a run: up along a line, down along a cosine, to zero at the end."""

from __future__ import annotations

from math import cos, pi
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from train.config import OptimConfig
from train.schedule import OneCycle, Warmup, WarmupCosine, WarmupLinear, ramped

OPTIM = OptimConfig(learning_rate=0.02, warmup_share=0.2)
progresses = st.floats(1e-3, 1.0)


def rate(progress: float, optim: OptimConfig = OPTIM) -> float:
    """The rate that stands in every group of an optimiser then."""
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))]} for _ in range(2)]
    optimiser = torch.optim.SGD(groups, lr=123.0)
    WarmupCosine(optimiser, optim)(progress)
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


def test_a_group_has_its_factor_of_the_rate_and_its_ramp() -> None:
    groups: list[dict[str, Any]] = [
        {"params": [torch.nn.Parameter(torch.zeros(1))]},
        {"params": [torch.nn.Parameter(torch.zeros(1))], "rate": 0.5},
        {"params": [torch.nn.Parameter(torch.zeros(1))], "rate": 0.5, "ramp": ((0.125, 0.25), (0.5, 1.0))},
    ]
    schedule = WarmupCosine(optimiser := torch.optim.SGD(groups, lr=1.0), OPTIM)
    for progress, factors in ((0.1, (1, 0.5, 0.0)), (0.3, (1, 0.5, 0.125)), (0.6, (1, 0.5, 0.5))):
        schedule(progress)
        expected = [rate(progress) * factor for factor in factors]
        assert [group["lr"] for group in optimiser.param_groups] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("schedule", "factors"), [(WarmupLinear, [0.5, 1.0, 0.5, 0.0]), (Warmup, [0.5, 1.0, 1.0, 1.0])]
)
def test_other_schedules_fall_along_a_line_or_stay(schedule: type[Warmup], factors: list[float]) -> None:
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    for progress, factor in zip((0.1, 0.2, 0.6, 1.0), factors, strict=True):
        schedule(optimiser, OPTIM)(progress)
        assert optimiser.param_groups[0]["lr"] == pytest.approx(0.02 * factor)


def test_halvings_of_a_group_halve_its_rate() -> None:
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    optimiser.param_groups[0]["halvings"] = 3
    Warmup(optimiser, OPTIM)(0.7)
    assert optimiser.param_groups[0]["lr"] == pytest.approx(0.02 / 8)


@pytest.mark.parametrize(("progress", "factor"), [(0.1, 0.0), (0.25, 0.0), (0.26, 0.5), (0.9, 2.0)])
def test_a_ramp_rises_after_its_shares(progress: float, factor: float) -> None:
    assert ramped(((0.25, 0.5), (0.5, 2.0)), progress) == factor
    assert ramped((), progress) == 1.0


def test_one_cycle_rises_for_a_third_and_falls_to_almost_nothing() -> None:
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.9)
    schedule, rates = OneCycle(optimiser, 0.02, updates=50), []
    for update in range(1, 51):
        schedule(update / 50)
        optimiser.step()
        rates.append(float(optimiser.param_groups[0]["lr"]))
    top = rates.index(max(rates))
    assert max(rates) == pytest.approx(0.02)
    assert top == pytest.approx(0.3 * 50, abs=1)
    assert rates[:top] == sorted(rates[:top])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] < 1e-5
