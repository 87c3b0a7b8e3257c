"""What holds for every head: no answer knows of batch mates or padding, gradients are finite.

Axes: B utterances, T tokens, K tags.
"""

from __future__ import annotations

import math

import pytest
import torch

from tests.oracles.cases import random_case, random_head, random_tags
from train.models.heads import HEADS, ITERATED, new_head
from train.models.heads.ain_first import AinFirst

LENGTHS = [7, 1, 2, 5, 7, 3]
TABLE = [(name, scheme) for name in HEADS for scheme in ("IO", "BIO", "BIOES")]


@pytest.mark.parametrize(("name", "scheme"), TABLE)
@pytest.mark.parametrize("restricted", [False, True])
def test_decoding_alone_equals_decoding_in_company(name: str, scheme: str, restricted: bool) -> None:
    head = random_head(name, scheme, 5, seed=0)
    case = random_case(len(head.tags), LENGTHS, seed=1, restricted=restricted)
    together = head.decode(*case)
    for index, length in enumerate(LENGTHS):
        alone = head.decode(*case.row(index))
        assert together.path_RT[index, :length].equal(alone.path_RT[0])
        assert together.marginals_RT[index, :length].allclose(alone.marginals_RT[0], atol=1e-6)
        assert together.log_prob_R[index].allclose(alone.log_prob_R[0], atol=1e-5)
        assert case.allowed_BK[index, alone.path_RT[0]].all()


@pytest.mark.parametrize(("name", "scheme"), TABLE)
def test_the_loss_of_a_batch_is_the_mean_of_its_utterances(name: str, scheme: str) -> None:
    head = random_head(name, scheme, 5, seed=0).double()
    case = random_case(len(head.tags), LENGTHS, seed=1).double()
    tags_BT = random_tags(head, LENGTHS, seed=2)
    together = head.loss(case.emissions_BTK, tags_BT, case.lengths_B)
    alone = [
        head.loss(row.emissions_BTK, tags_BT[index : index + 1, : LENGTHS[index]], row.lengths_B)
        for index, row in enumerate(map(case.row, range(len(LENGTHS))))
    ]
    assert together.allclose(torch.stack(alone).mean())


@pytest.mark.parametrize("content", [0.0, 1e4, math.inf, math.nan])
@pytest.mark.parametrize("name", HEADS)
def test_what_stands_in_the_padding_is_never_read(name: str, content: float) -> None:
    head = random_head(name, "BIO", 3, seed=0)
    case = random_case(len(head.tags), LENGTHS, seed=1)
    tags_BT = random_tags(head, LENGTHS, seed=2)
    padding_BT = torch.arange(max(LENGTHS)) >= case.lengths_B[:, None]
    filled_BTK = case.emissions_BTK.masked_fill(padding_BT[:, :, None], content).requires_grad_()
    for actual, expected in zip(
        head.decode(filled_BTK, case.allowed_BK, case.lengths_B), head.decode(*case), strict=True
    ):
        assert actual.equal(expected)
    loss = head.loss(filled_BTK, tags_BT.masked_fill(padding_BT, 1), case.lengths_B)
    assert loss.equal(head.loss(case.emissions_BTK, tags_BT, case.lengths_B))
    loss.backward()  # type: ignore[no-untyped-call]
    assert filled_BTK.grad is not None
    assert filled_BTK.grad[padding_BT].eq(0).all()


@pytest.mark.parametrize("spread", [1.0, 100.0, 1000.0])
@pytest.mark.parametrize(("name", "scheme"), TABLE)
def test_loss_and_gradients_are_finite(name: str, scheme: str, spread: float) -> None:
    head = random_head(name, scheme, 5, seed=0)
    case = random_case(len(head.tags), LENGTHS, seed=1, spread=spread)
    emissions_BTK = case.emissions_BTK.requires_grad_()
    loss = head.loss(emissions_BTK, random_tags(head, LENGTHS, seed=2), case.lengths_B)
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.isfinite()
    for tensor in (emissions_BTK, *head.parameters()):
        assert tensor.grad is not None
        assert tensor.grad.isfinite().all()


@pytest.mark.parametrize("name", HEADS)
def test_training_raises_the_probability_of_the_path(name: str) -> None:
    """One step against the gradient lowers the loss, for emissions and parameters together."""
    head = random_head(name, "BIO", 3, seed=0)
    case = random_case(len(head.tags), LENGTHS, seed=1)
    tags_BT = random_tags(head, LENGTHS, seed=2)
    emissions_BTK = case.emissions_BTK.requires_grad_()
    optimiser = torch.optim.SGD([emissions_BTK, *head.parameters()], lr=0.01)
    before = head.loss(emissions_BTK, tags_BT, case.lengths_B)
    before.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    assert head.loss(emissions_BTK, tags_BT, case.lengths_B) < before


TAGS = ("O", *(f"I-s{slot}" for slot in range(40)))


@pytest.mark.parametrize("name", HEADS)
def test_potentials_start_at_zero_without_a_draw(name: str) -> None:
    state = torch.get_rng_state()
    head = new_head(name, TAGS, "IO", iterations=None, start_spread=0.0)
    assert torch.get_rng_state().equal(state)
    assert not any(potentials.any() for potentials in head.parameters())


@pytest.mark.parametrize("name", sorted(HEADS.keys() - {"softmax"}))
def test_potentials_start_normally_distributed_where_the_config_says_so(name: str) -> None:
    torch.manual_seed(0)
    head = new_head(name, TAGS, "IO", iterations=None, start_spread=1.0)
    drawn = torch.cat([potentials.detach().flatten() for potentials in head.parameters()])
    assert drawn.numel() >= 41 * 43
    assert drawn.mean().item() == pytest.approx(0.0, abs=0.1)
    assert drawn.std().item() == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("iterations", [1, 5])
@pytest.mark.parametrize("name", sorted(ITERATED))
def test_the_config_says_how_many_iterations_an_ain_has(name: str, iterations: int) -> None:
    head = new_head(name, TAGS, "IO", iterations=iterations, start_spread=0.0)
    assert isinstance(head, AinFirst)
    assert len(head.steps()) == iterations
