"""The CRF head against the list of all paths.

Axes: B utterances, T tokens, K tags.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.oracles.cases import Case, chain, random_case, random_head, random_tags
from tests.oracles.paths import enumerate_paths, score
from train.models.heads.crf import Crf

LENGTHS = [4, 1, 3, 2, 4]
SCHEMES = [("IO", 4), ("BIO", 2), ("BIOES", 1)]


def crf(scheme: str, n_slots: int) -> Crf:
    head = random_head("crf", scheme, n_slots, seed=n_slots)
    assert isinstance(head, Crf)
    return head.double()


def case(head: Crf, *, seed: int = 0, spread: float = 3.0, restricted: bool = False) -> Case:
    return random_case(len(head.tags), LENGTHS, seed=seed, spread=spread, restricted=restricted).double()


@pytest.mark.parametrize(("scheme", "n_slots"), SCHEMES)
def test_the_loss_is_log_partition_less_score(scheme: str, n_slots: int) -> None:
    head = crf(scheme, n_slots)
    batch = case(head)
    tags_BT = random_tags(head, LENGTHS, seed=1)
    expected = []
    for index, length in enumerate(LENGTHS):
        scores = chain(head, batch, index)
        path = tags_BT[index, :length].tolist()
        expected.append(enumerate_paths(scores).log_partition - score(path, scores))
    loss = head.loss(batch.emissions_BTK, tags_BT, batch.lengths_B)
    assert loss.item() == pytest.approx(np.mean(expected), rel=1e-9)


@pytest.mark.parametrize("spread", [3.0, 100.0])
@pytest.mark.parametrize("restricted", [False, True])
@pytest.mark.parametrize(("scheme", "n_slots"), SCHEMES)
def test_decoding_equals_the_list_of_all_paths(
    scheme: str, n_slots: int, restricted: bool, spread: float
) -> None:
    head = crf(scheme, n_slots)
    for seed in range(5):
        batch = case(head, seed=seed, spread=spread, restricted=restricted)
        decoded = head.decode(*batch)
        for index, length in enumerate(LENGTHS):
            answer = enumerate_paths(chain(head, batch, index))
            path = decoded.path_RT[index].tolist()
            assert path == [*answer.best, *[0] * (max(LENGTHS) - length)]
            marginals = [answer.marginals_TK[position, tag] for position, tag in enumerate(answer.best)]
            assert decoded.marginals_RT[index, :length].tolist() == pytest.approx(marginals, abs=1e-9)
            assert decoded.marginals_RT[index, length:].eq(1.0).all()
            log_prob = answer.best_score - answer.log_partition
            assert decoded.log_prob_R[index].item() == pytest.approx(log_prob, abs=1e-9)


@pytest.mark.parametrize(("scheme", "n_slots"), SCHEMES)
def test_the_gradient_is_that_of_finite_differences(scheme: str, n_slots: int) -> None:
    head = crf(scheme, n_slots)
    batch = case(head)
    tags_BT = random_tags(head, LENGTHS, seed=1)
    emissions_BTK = batch.emissions_BTK.requires_grad_()
    parameters = tuple(head.parameters())

    def loss(emissions_BTK: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
        return head.loss(emissions_BTK, tags_BT, batch.lengths_B)

    assert torch.autograd.gradcheck(loss, (emissions_BTK, *parameters))


@pytest.mark.parametrize(("scheme", "n_slots"), SCHEMES)
def test_an_illegal_transition_learns_nothing_and_is_never_taken(scheme: str, n_slots: int) -> None:
    head = crf(scheme, n_slots)
    with torch.no_grad():
        head.transitions_KK.masked_fill_(head.illegal_KK, 50.0)
    batch = case(head)
    head.loss(batch.emissions_BTK, random_tags(head, LENGTHS, seed=1), batch.lengths_B).backward()  # type: ignore[no-untyped-call]
    assert head.transitions_KK.grad is not None
    assert head.transitions_KK.grad[head.illegal_KK].eq(0).all()
    path_BT = head.decode(*batch).path_RT
    for path, length in zip(path_BT, LENGTHS, strict=True):
        assert not head.illegal_KK[path[: length - 1], path[1:length]].any()


def test_a_row_without_any_legal_path_gets_finite_answers() -> None:
    head = crf("BIO", 1)
    batch = case(head)
    batch.allowed_BK[:] = torch.tensor([False, False, True])
    decoded = head.decode(*batch)
    assert decoded.marginals_RT.isfinite().all()
    assert decoded.log_prob_R.isfinite().all()
