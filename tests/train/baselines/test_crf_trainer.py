"""L-BFGS finds the optimum, prunes and goes on, and goes on from a saved state as if it had never stopped."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from polyparse.errors import ConfigError
from tests.train.baselines.test_crf_objective import HEADS, N_FEATURES, utterances
from train.baselines.crf_objective import CrfObjective, Pairs, TaggedTokens
from train.baselines.crf_trainer import PERIOD, TokenCrfTrainer
from train.models.token_crf import TokenCrfConfig

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONFIG = TokenCrfConfig(l2=0.2, max_iterations=60, tolerance=1e-11)
PRUNED = replace(CONFIG, kept_features=4)
TOKENS = TaggedTokens(*utterances("IO"), n_features=N_FEATURES)


def trainer_of(config: TokenCrfConfig = CONFIG) -> TokenCrfTrainer:
    return TokenCrfTrainer(TOKENS, HEADS["IO"], config)


def finish(trainer: TokenCrfTrainer) -> TokenCrfTrainer:
    while not trainer.finished:
        if trainer.converged:
            trainer.prune()
        trainer.run_period()
    return trainer


def optimum(kept_P: NDArray[np.bool_] | None = None) -> tuple[float, CrfObjective]:
    """By another minimiser."""
    pairs = Pairs.of(TOKENS, 3)
    objective = CrfObjective(TOKENS, pairs if kept_P is None else pairs.only(kept_P), HEADS["IO"], CONFIG.l2)

    def function(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, gradient = objective(torch.from_numpy(flat))
        return value, gradient.numpy()

    return float(minimize(function, np.zeros(objective.size), jac=True, tol=1e-12).fun), objective


def test_it_ends_at_the_optimum() -> None:
    trainer = trainer_of()
    while not trainer.converged:
        value = trainer.run_period()
    assert value == pytest.approx(optimum()[0], rel=1e-9)


def test_pruning_keeps_the_heaviest_features_and_goes_on_to_their_own_optimum() -> None:
    first = trainer_of()
    while not first.converged:
        first.run_period()
    norms = first.weights()["weights_FK"][1:].norm(dim=1)
    heaviest = first.features[np.sort(norms.argsort(descending=True)[:4].numpy())]
    trainer = finish(trainer_of(PRUNED))
    assert trainer.features.tolist() == heaviest.tolist()
    value, objective = optimum(np.isin(Pairs.of(TOKENS, 3).features_P, heaviest))
    assert trainer.weights()["weights_FK"].shape == (1 + 4, 3)
    assert trainer.weights()["weights_FK"][0].eq(0).all()
    assert trainer.run_period() == pytest.approx(value, rel=1e-9)
    assert len(objective.pairs.tags_P) < len(Pairs.of(TOKENS, 3).tags_P)


@pytest.mark.parametrize("stop", [1, 2, 4, 6])
def test_a_restored_run_gives_the_same_weights_as_one_that_was_never_stopped(stop: int) -> None:
    expected = finish(trainer_of(PRUNED))
    assert expected.periods > stop
    stopped = trainer_of(PRUNED)
    while stopped.periods < stop:
        if stopped.converged:
            stopped.prune()
        stopped.run_period()
    resumed = trainer_of(PRUNED)
    resumed.restore(stopped.state(), where="run")
    finish(resumed)
    assert resumed.periods == expected.periods
    for name, weights in expected.weights().items():
        assert torch.equal(resumed.weights()[name], weights)


def test_it_makes_no_more_iterations_than_the_config_allows_and_tells_each() -> None:
    trainer, told = trainer_of(replace(CONFIG, max_iterations=PERIOD + 3, tolerance=0.0)), list[int]()
    while not trainer.converged:
        trainer.run_period(told.append)
    assert (trainer.iterations, trainer.periods) == (PERIOD + 3, 2)
    assert told == sorted(told)
    assert max(told) <= PERIOD + 3


@pytest.mark.parametrize(
    "damage", [{"flat": torch.zeros(3)}, {"optimiser": {}}, {"kept_P": None}, {"values": 7}]
)
def test_a_state_of_another_run_is_refused(damage: dict[str, object]) -> None:
    trainer = trainer_of()
    trainer.run_period()
    with pytest.raises(
        ConfigError, match=r"^run/training-0\.pt: found another state .*expected that of this run"
    ):
        trainer_of().restore(trainer.state() | damage, where="run/training-0.pt")
