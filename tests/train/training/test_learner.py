"""A learner moves what it is told to, as fast as it is told to, and nothing else."""

from __future__ import annotations

import pytest
import torch

from polyparse.errors import ConfigError, DeviceUnavailable
from tests.train.training.planes import Fit, Plane, learner, moved, values
from train.compute import device_of
from train.config import ParameterGroup
from train.training.learner import averaged, parameter_groups


def updated(
    groups: list[ParameterGroup], progress: float, times: int = 3
) -> tuple[Plane, dict[str, torch.Tensor]]:
    """A plane after some updates, and what it was before."""
    plane = Plane()
    before, objective, one = values(plane), Fit(plane, 5.0, n_batches=1), learner(plane, groups)
    for _ in range(times):
        one.update(objective, (0, 0), progress)
    return plane, before


def test_all_parameters_learn_where_nothing_is_said() -> None:
    plane, before = updated([], 0.5)
    assert moved(plane, before) == set(before)


def test_what_is_frozen_stays_to_the_bit_for_all_the_weight_decay() -> None:
    plane, before = updated([ParameterGroup(pattern="first.*", rate=0.0)], 0.5)
    assert moved(plane, before) == {"second.weight", "second.bias"}
    assert not plane.first.weight.requires_grad


def test_a_ramp_holds_a_block_until_its_first_rise() -> None:
    groups = [ParameterGroup(pattern="first.*", ramp=((0.25, 0.5), (0.5, 1.0)))]
    assert moved(*updated(groups, 0.25)) == {"second.weight", "second.bias"}
    plane, before = updated(groups, 0.3)
    assert moved(plane, before) == set(before)


def test_a_rate_is_a_factor_of_the_learning_rate() -> None:
    """The first update of Adam moves each number by the rate itself, whatever the gradient."""
    plane, before = updated([ParameterGroup(pattern="*.bias", rate=0.25)], 1e-9, times=1)
    steps = {name: float((value - before[name]).abs().max()) for name, value in values(plane).items()}
    assert steps["second.bias"] == pytest.approx(0.25 * 0.01, rel=0.05)
    assert steps["second.weight"] == pytest.approx(0.01, rel=0.1)


def test_a_parameter_belongs_to_the_first_group_that_its_name_matches() -> None:
    groups = [ParameterGroup(pattern="first.bias", rate=2.0), ParameterGroup(pattern="first.*", rate=3.0)]
    sizes = [(group.get("rate"), len(group["params"])) for group in parameter_groups(Plane(), groups)]
    assert sizes == [(None, 2), (2.0, 1), (3.0, 1)]


@pytest.mark.parametrize("patterns", [["third.*"], ["first.*", "first.bias"]])
def test_a_pattern_that_matches_nothing_is_refused(patterns: list[str]) -> None:
    groups = [ParameterGroup(pattern=pattern) for pattern in patterns]
    with pytest.raises(ConfigError, match="which matches nothing, expected one that matches some of"):
        parameter_groups(Plane(), groups)


@pytest.mark.parametrize("ramp", [((0.5, 1.0), (0.25, 0.5)), ((-0.1, 1.0),), ((0.1, -1.0),)])
def test_a_ramp_that_goes_back_or_below_zero_is_refused(ramp: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ConfigError, match="ramp: found"):
        ParameterGroup(pattern="*", ramp=ramp)


def test_a_batch_without_anything_to_learn_moves_nothing() -> None:
    plane = Plane()
    before = values(plane)
    assert learner(plane).update(Fit(plane, 5.0, n_batches=1), (0, -1), 0.5) is None
    assert moved(plane, before) == set()


def test_averaged_weights_start_at_the_weights_and_follow_them() -> None:
    plane = Plane()
    average = averaged(plane, 0.5)
    for _ in range(2):
        with torch.no_grad():
            plane.second.bias.add_(1.0)
        average.update_parameters(plane)
    difference = values(plane)["second.bias"] - values(average)["module.second.bias"]
    assert 0.0 < float(difference) < 1.0


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_absent_is_refused_by_its_name() -> None:
    with pytest.raises(DeviceUnavailable, match="--device cuda: found no CUDA device"):
        device_of("cuda")
