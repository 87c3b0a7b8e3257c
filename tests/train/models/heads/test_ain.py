"""The AIN heads against explicit sums over neighbours.

Axes: B utterances, T tokens, K tags.
"""

from __future__ import annotations

import math

import pytest
import torch

from tests.oracles.cases import network, random_case, random_head, random_tags
from tests.oracles.mean_field import infer
from train.models.heads.ain_first import AinFirst
from train.models.heads.crf import Crf

LENGTHS = [6, 1, 2, 3, 5]
NAMES = ["ain", "ain-f2o"]


def ain(name: str, iterations: int = 3) -> AinFirst:
    head = random_head(name, "BIO", 2, seed=4).double()
    assert isinstance(head, AinFirst)
    head.iterations = iterations
    return head


@pytest.mark.parametrize("iterations", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("name", NAMES)
def test_the_loss_is_minus_the_log_of_q(name: str, iterations: int) -> None:
    head = ain(name, iterations)
    case = random_case(len(head.tags), LENGTHS, seed=0).double()
    tags_BT = random_tags(head, LENGTHS, seed=1)
    total = 0.0
    for index, length in enumerate(LENGTHS):
        q = infer(case.row(index).emissions_BTK[0].tolist(), network(head))
        total -= sum(math.log(q[i][tag]) for i, tag in enumerate(tags_BT[index, :length].tolist()))
    loss = head.loss(case.emissions_BTK, tags_BT, case.lengths_B)
    assert loss.item() == pytest.approx(total / len(LENGTHS), rel=1e-9)


@pytest.mark.parametrize("restricted", [False, True])
@pytest.mark.parametrize("name", [*NAMES, "ain-annealed"])
def test_decoding_takes_the_largest_q_of_each_token(name: str, restricted: bool) -> None:
    head = ain(name)
    case = random_case(len(head.tags), LENGTHS, seed=2, restricted=restricted).double()
    decoded = head.decode(*case)
    for index, length in enumerate(LENGTHS):
        emissions = case.row(index).emissions_BTK[0].masked_fill(~case.allowed_BK[index], -1e4)
        q = infer(emissions.tolist(), network(head))
        best = [max(row) for row in q]
        padding = [0] * (max(LENGTHS) - length)
        assert decoded.path_RT[index].tolist() == [row.index(max(row)) for row in q] + padding
        assert decoded.marginals_RT[index, :length].tolist() == pytest.approx(best, abs=1e-9)
        assert decoded.marginals_RT[index, length:].eq(1.0).all()
        assert decoded.log_prob_R[index].item() == pytest.approx(sum(map(math.log, best)), abs=1e-9)


def test_the_annealed_loss_adds_the_exact_likelihood_of_the_same_potentials() -> None:
    head = ain("ain-annealed", iterations=5)
    plain, crf = ain("ain"), random_head("crf", "IO", 4, seed=4).double()
    assert isinstance(crf, Crf)
    crf.load_state_dict(head.state_dict())  # five tags each, and IO forbids nothing
    case = random_case(len(head.tags), LENGTHS, seed=0).double()
    tags_BT = random_tags(head, LENGTHS, seed=1)
    plain.load_state_dict(head.state_dict())
    plain.steps = head.steps  # type: ignore[method-assign]  # the same iterations, AIN's own loss
    expected = plain.loss(case.emissions_BTK, tags_BT, case.lengths_B) + crf.loss(
        case.emissions_BTK, tags_BT, case.lengths_B
    )
    assert head.loss(case.emissions_BTK, tags_BT, case.lengths_B).item() == pytest.approx(
        expected.item(), rel=1e-9
    )


def test_annealing_rises_evenly_and_ends_with_a_plain_update() -> None:
    steps = ain("ain-annealed", iterations=4).steps()
    expected = [(0.9, 0.5), (1.25, 0.5), (1.6, 0.5), (1.0, 1.0)]
    assert [tuple(step) for step in steps] == [pytest.approx(step) for step in expected]


def test_strongly_coupled_neighbours_agree_where_plain_iterations_swap_for_ever() -> None:
    """Two tokens, two tags, each leaning to another: the couplings want them equal, either way."""
    plain, annealed = (random_head(name, "IO", 1, seed=0).double() for name in ("ain", "ain-annealed"))
    for head in (plain, annealed):
        head.load_state_dict(
            {"start_K": torch.zeros(2), "end_K": torch.zeros(2), "transitions_KK": 6 * torch.eye(2)}
        )
    emissions_BTK = torch.tensor([[[1.1, 0.0], [0.0, 1.0]]]).double()
    case = emissions_BTK, torch.ones(1, 2, dtype=torch.bool), torch.tensor([2])
    assert plain.decode(*case).path_RT.tolist() in ([[0, 1]], [[1, 0]])
    assert annealed.decode(*case).path_RT.tolist() == [[0, 0]]


def test_the_second_order_without_skips_is_the_first_order() -> None:
    first, second = ain("ain"), ain("ain-f2o")
    second.load_state_dict(first.state_dict() | {"skips_KK": first.transitions_KK * 0})
    case = random_case(len(first.tags), LENGTHS, seed=3).double()
    assert second.decode(*case).log_prob_R.allclose(first.decode(*case).log_prob_R)


def test_a_token_hears_as_far_as_the_iterations_carry() -> None:
    """After M iterations of reach r, what stands more than M * r tokens away cannot matter."""
    for name, reach in (("ain", 1), ("ain-f2o", 2)):
        head = ain(name, iterations=2)
        case = random_case(len(head.tags), [9], seed=5).double()
        before = head.decode(*case)
        case.emissions_BTK[0, 2 * reach + 1 :] += 7.0 * case.emissions_BTK[0, 2 * reach + 1 :].flip(1)
        after = head.decode(*case)
        assert after.marginals_RT[0, 0] == before.marginals_RT[0, 0]
        assert after.marginals_RT[0, 1] != before.marginals_RT[0, 1]


def test_one_token_has_the_marginals_of_the_crf() -> None:
    """Without neighbours mean field is exact."""
    head, crf = ain("ain"), random_head("crf", "IO", 4, seed=4).double()
    assert isinstance(crf, Crf)
    crf.load_state_dict(head.state_dict())  # five tags each, and IO forbids nothing
    case = random_case(len(head.tags), [1, 1], seed=6).double()
    assert head.decode(*case).marginals_RT.allclose(crf.decode(*case).marginals_RT)


@pytest.mark.parametrize("name", NAMES)
def test_without_potentials_it_is_a_softmax_over_the_tags_of_each_token(name: str) -> None:
    head, softmax = ain(name), random_head("softmax", "BIO", 2, seed=0)
    head.load_state_dict({key: torch.zeros_like(value) for key, value in head.state_dict().items()})
    case = random_case(len(head.tags), LENGTHS, seed=7).double()
    for actual, expected in zip(head.decode(*case), softmax.decode(*case), strict=True):
        assert actual.allclose(expected)


@pytest.mark.parametrize("name", NAMES)
def test_a_sentence_reversed_under_reversed_potentials_has_reversed_marginals(name: str) -> None:
    head, mirrored = ain(name), ain(name)
    state = head.state_dict()
    tables = {key: value.T for key, value in state.items() if key.endswith("_KK")}
    mirrored.load_state_dict(state | tables | {"start_K": state["end_K"], "end_K": state["start_K"]})
    case = random_case(len(head.tags), [6], seed=8).double()
    backwards = case._replace(emissions_BTK=case.emissions_BTK.flip(1))
    assert mirrored.decode(*backwards).marginals_RT.flip(1).allclose(head.decode(*case).marginals_RT)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_through_five_iterations_are_those_of_central_differences(name: str) -> None:
    head = ain(name, iterations=5)
    case = random_case(len(head.tags), [3, 1], seed=9).double()
    tags_BT = random_tags(head, [3, 1], seed=1)
    assert torch.autograd.gradcheck(
        lambda emissions_BTK, *_potentials: head.loss(emissions_BTK, tags_BT, case.lengths_B),
        (case.emissions_BTK.requires_grad_(), *head.parameters()),
    )
