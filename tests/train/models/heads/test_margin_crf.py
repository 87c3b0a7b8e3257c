"""The max-margin CRF against the list of all paths, each with the cost of its wrong tokens.

Axes: B utterances, T tokens, K tags.
"""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
import torch

from tests.oracles.cases import Case, chain, random_case, random_head, random_tags
from tests.oracles.paths import score
from train.models.heads.crf import Crf
from train.models.heads.margin_crf import MarginCrf

LENGTHS = [4, 1, 3, 2, 4]
SCHEMES = [("IO", 4), ("BIO", 2), ("BIOES", 1)]


def margin_crf(scheme: str, n_slots: int, cost: float = MarginCrf.cost) -> MarginCrf:
    head = random_head("margin-crf", scheme, n_slots, seed=n_slots)
    assert isinstance(head, MarginCrf)
    head.cost = cost
    return head.double()


def plain(head: MarginCrf) -> Crf:
    """The CRF of the same potentials."""
    crf = Crf(head.tags, head.scheme).double()
    crf.load_state_dict(head.state_dict())
    return crf


def case(head: Crf, seed: int = 0) -> Case:
    return random_case(len(head.tags), LENGTHS, seed=seed).double()


def test_the_cost_of_a_wrong_token_is_that_of_the_code() -> None:
    assert MarginCrf.cost == 5.0


@pytest.mark.parametrize("cost", [5.0, 0.7])
@pytest.mark.parametrize(("scheme", "n_slots"), SCHEMES)
def test_the_loss_is_that_of_all_paths_with_their_costs(scheme: str, n_slots: int, cost: float) -> None:
    """log sum_{y'} exp(f(y') + cost(y, y')) - f(y), written out."""
    head = margin_crf(scheme, n_slots, cost)
    batch, tags_BT = case(head), random_tags(head, LENGTHS, seed=1)
    expected = []
    for index, length in enumerate(LENGTHS):
        scores, truth = chain(head, batch, index), tags_BT[index, :length].tolist()
        augmented = []
        for path in product(range(len(head.tags)), repeat=length):
            wrong = sum(tag != true for tag, true in zip(path, truth, strict=True))
            augmented.append(score(path, scores) + cost * wrong)
        expected.append(math.log(math.fsum(map(math.exp, augmented))) - score(truth, scores))
    loss = head.loss(batch.emissions_BTK, tags_BT, batch.lengths_B)
    assert loss.item() == pytest.approx(np.mean(expected), rel=1e-9)


@pytest.mark.parametrize(("scheme", "n_slots"), SCHEMES)
def test_without_a_cost_the_loss_is_the_crfs_and_with_one_it_is_never_below(
    scheme: str, n_slots: int
) -> None:
    for seed in range(20):
        head = margin_crf(scheme, n_slots)
        batch, tags_BT = case(head, seed), random_tags(head, LENGTHS, seed=seed + 1)
        given = (batch.emissions_BTK, tags_BT, batch.lengths_B)
        likelihood = plain(head).loss(*given)
        assert head.loss(*given) > likelihood
        head.cost = 0.0
        assert head.loss(*given).equal(likelihood)


@pytest.mark.parametrize(("scheme", "n_slots"), SCHEMES)
def test_the_gradient_of_the_margin_is_that_of_finite_differences(scheme: str, n_slots: int) -> None:
    head = margin_crf(scheme, n_slots)
    batch, tags_BT = case(head), random_tags(head, LENGTHS, seed=1)

    def loss(emissions_BTK: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
        return head.loss(emissions_BTK, tags_BT, batch.lengths_B)

    assert torch.autograd.gradcheck(loss, (batch.emissions_BTK.requires_grad_(), *head.parameters()))


def test_decoding_knows_of_no_cost() -> None:
    head = margin_crf("BIO", 2)
    for seed in range(5):
        batch = case(head, seed)
        for actual, expected in zip(head.decode(*batch), plain(head).decode(*batch), strict=True):
            assert actual.equal(expected)
