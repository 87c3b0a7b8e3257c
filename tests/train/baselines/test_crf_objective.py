"""The objective of the CRF baseline against the list of all paths, central differences and logistic regression."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from scipy.special import log_softmax

from polyparse.contract.frame import Utterance
from polyparse.text.vectorizer import Item
from tests.oracles.cases import Case, chain
from tests.oracles.paths import enumerate_paths, score
from train.baselines.crf_objective import CrfObjective, Pairs, TaggedTokens
from train.data.task import Target
from train.models.heads.crf import Crf

if TYPE_CHECKING:
    from torch import Tensor

N_FEATURES = 9
LENGTHS = [3, 1, 4, 2, 3]
HEADS = {"IO": Crf(("O", "I-a", "I-b"), "IO"), "BIO": Crf(("O", "B-a", "I-a"), "BIO")}


def utterances(scheme: str) -> tuple[list[Item], list[Target]]:
    """Tokens with up to four features, one of them twice now and then; tags that the scheme allows."""
    random = np.random.default_rng(4)
    items, targets = [], []
    for length in LENGTHS:
        features = [[*random.integers(1, N_FEATURES + 1, random.integers(0, 5))] for _ in range(length)]
        items.append(Item(Utterance("x"), [], [], [], [], features))
        items[-1].words.extend([None] * length)  # type: ignore[list-item]  # only their number is asked for
        free = [*random.integers(0, 3, length)]
        bio = [0, 1, 2, 2][:length]
        targets.append(Target(-1, bio if scheme == "BIO" else free))
    return items, targets


def objective_of(scheme: str, *, l2: float = 0.3) -> CrfObjective:
    items, targets = utterances(scheme)
    tokens = TaggedTokens(items, targets, n_features=N_FEATURES)
    return CrfObjective(tokens, Pairs.of(tokens, 3), HEADS[scheme], l2)


def random_flat(objective: CrfObjective) -> Tensor:
    return torch.randn(objective.size, dtype=torch.float64, generator=torch.Generator().manual_seed(2))


def loss_by_enumeration(objective: CrfObjective, flat: Tensor, scheme: str) -> float:
    """One utterance, one token and one path at a time."""
    head, weights_FK = Crf(HEADS[scheme].tags, scheme).double(), objective.table(flat)
    names = ("start_K", "transitions_KK", "end_K")
    with torch.no_grad():
        for name, values in zip(names, objective.potentials(flat), strict=True):
            head.get_parameter(name).copy_(values)
    total = 0.0
    for item, target in zip(*utterances(scheme), strict=True):
        emissions_TK = np.array(
            [sum((weights_FK[f] for f in each), np.zeros(3)) for each in item.token_features]
        )
        case = Case(
            torch.from_numpy(emissions_TK[None]), torch.ones(1, 3).bool(), torch.tensor([len(emissions_TK)])
        )
        scores = chain(head, case, 0)
        total += enumerate_paths(scores).log_partition - score([*map(int, target.tags_T)], scores)
    return total


@pytest.mark.parametrize("scheme", HEADS)
def test_the_value_is_the_likelihood_over_all_paths_and_the_penalty(scheme: str) -> None:
    objective = objective_of(scheme)
    flat = random_flat(objective)
    expected = loss_by_enumeration(objective, flat, scheme) + 0.3 * float((flat**2).sum())
    assert objective(flat)[0] == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("scheme", HEADS)
def test_the_gradient_is_that_of_central_differences(scheme: str) -> None:
    objective, step = objective_of(scheme), 1e-5
    flat = random_flat(objective)
    _, gradient = objective(flat)
    for index in range(objective.size):
        moved = torch.zeros_like(flat)
        moved[index] = step
        difference = (objective(flat + moved)[0] - objective(flat - moved)[0]) / (2 * step)
        assert float(gradient[index]) == pytest.approx(difference, abs=1e-6)


def test_without_transitions_it_is_logistic_regression_of_each_token() -> None:
    objective = objective_of("IO", l2=0.0)
    flat = random_flat(objective)
    flat[len(objective.pairs.tags_P) :] = 0.0
    items, targets = utterances("IO")
    weights_FK = objective.table(flat)
    expected = sum(
        -log_softmax(sum((weights_FK[f] for f in features), np.zeros(3)))[tag]
        for item, target in zip(items, targets, strict=True)
        for features, tag in zip(item.token_features, target.tags_T, strict=True)
    )
    assert objective(flat)[0] == pytest.approx(expected, rel=1e-10)


def test_only_pairs_that_occur_have_a_weight() -> None:
    items, targets = utterances("IO")
    tokens = TaggedTokens(items, targets, n_features=N_FEATURES)
    expected = {
        (feature, tag)
        for item, target in zip(items, targets, strict=True)
        for features, tag in zip(item.token_features, target.tags_T, strict=True)
        for feature in features
    }
    pairs = Pairs.of(tokens, 3)
    assert {*zip(pairs.features_P.tolist(), pairs.tags_P.tolist(), strict=True)} == expected
    assert len(pairs.tags_P) == len(expected)


def test_the_order_of_utterances_changes_nothing() -> None:
    items, targets = utterances("IO")
    turned = TaggedTokens(items[::-1], targets[::-1], n_features=N_FEATURES)
    other = CrfObjective(turned, Pairs.of(turned, 3), HEADS["IO"], 0.3)
    objective = objective_of("IO")
    flat = random_flat(objective)
    assert other(flat)[0] == pytest.approx(objective(flat)[0], rel=1e-12)
    assert other(flat)[1].tolist() == pytest.approx(objective(flat)[1].tolist(), abs=1e-10)


def test_what_the_scheme_forbids_is_learnt_by_the_penalty_alone() -> None:
    objective, head = objective_of("BIO"), HEADS["BIO"]
    flat = random_flat(objective)
    loss = objective_of("BIO", l2=0.0)(flat)[1]
    gradients = objective.potentials(loss)
    for gradient, illegal in zip(
        gradients, (head.illegal_start_K, head.illegal_KK, head.illegal_end_K), strict=True
    ):
        assert gradient[illegal].eq(0).all()
        assert gradient[~illegal].ne(0).any()
