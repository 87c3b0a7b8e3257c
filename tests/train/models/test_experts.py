"""Experts and gates: what a gate learns from, what a mixture is, and what one expert is worth.

Axes: B utterances, T tokens, H input, S experts, O output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from train.models.decoders import DecoderSizes, IntentExperts, SlotExperts
from train.models.encoders.base import EncoderConfig
from train.models.encoders.expert_bilstm import ExpertBiLSTM
from train.models.experts import Experts, GatedExperts, log_probs, recorded_gates

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = (5, 7, 4)
S = 3
F: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "of an encoder": torch.tanh,
    "of a classifier": log_probs,
}


def gated(number: int = S, *, kind: str = "of an encoder", seed: int = 0) -> GatedExperts:
    torch.manual_seed(seed)
    return GatedExperts(number, SIZES, dropout=0.0, of_output=F[kind]).double()


def read(seed: int = 1) -> torch.Tensor:
    torch.manual_seed(seed)
    return torch.randn(2, 3, SIZES[0], dtype=torch.float64, requires_grad=True)


def one_by_one(experts: Experts, number: int) -> nn.Module:
    """Expert `number` as two layers of PyTorch's: the slow twin."""
    first, second = nn.Linear(SIZES[0], SIZES[1]).double(), nn.Linear(SIZES[1], SIZES[2]).double()
    first.weight.data, first.bias.data = experts.hidden_SMH[number], experts.hidden_bias_SM[number]
    second.weight.data, second.bias.data = experts.output_SOM[number], experts.output_bias_SO[number]
    return nn.Sequential(first, nn.ReLU(), second)


@pytest.mark.parametrize("kind", F)
def test_a_mixture_is_the_weighted_sum_of_its_experts(kind: str) -> None:
    mixture, values = gated(kind=kind), read()
    weights = mixture.gate(values).softmax(dim=-1)
    expected = sum(
        weights[..., number : number + 1] * F[kind](one_by_one(mixture.experts, number)(values))
        for number in range(S)
    )
    torch.testing.assert_close(mixture(values), expected)


@pytest.mark.parametrize("kind", F)
@pytest.mark.parametrize("chosen", range(S))
def test_a_gate_that_wants_one_expert_gives_that_expert(kind: str, chosen: int) -> None:
    mixture, values = gated(kind=kind), read()
    with torch.no_grad():
        mixture.gate.weight.zero_()
        mixture.gate.bias.copy_(torch.where(torch.arange(S) == chosen, 0.0, -1e9))
    expected = F[kind](one_by_one(mixture.experts, chosen)(values))
    torch.testing.assert_close(mixture(values), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", F)
def test_a_mixture_of_one_is_the_network_without_experts(kind: str) -> None:
    mixture, values = gated(1, kind=kind), read()
    expected = F[kind](one_by_one(mixture.experts, 0)(values))
    torch.testing.assert_close(mixture(values), expected, rtol=0, atol=1e-12)


def test_the_gradient_of_what_is_read_passes_through_the_experts_and_not_through_the_gate() -> None:
    """Against central differences in which the gate goes on reading what was there before."""
    mixture, values = gated(), read()
    (gradient,) = torch.autograd.grad(mixture(values).sin().sum(), values)
    weights = mixture.gate(values).softmax(dim=-1).unsqueeze(-1).detach()

    def fixed_gate(at: torch.Tensor) -> torch.Tensor:
        total: torch.Tensor = (weights * mixture.experts(at).tanh()).sum(dim=-2).sin().sum()
        return total

    def free_gate(at: torch.Tensor) -> torch.Tensor:
        total: torch.Tensor = mixture(at).sin().sum()
        return total

    step, differences = 1e-6, {}
    with torch.no_grad():
        for function in (fixed_gate, free_gate):
            numbers = []
            for place in range(values.numel()):
                moved = torch.zeros(values.numel(), dtype=torch.float64)
                moved[place] = step
                moved = moved.view_as(values)
                numbers.append((function(values + moved) - function(values - moved)) / (2 * step))
            differences[function.__name__] = torch.stack(numbers).view_as(values)
    torch.testing.assert_close(gradient, differences["fixed_gate"], rtol=0, atol=1e-8)
    assert (differences["free_gate"] - differences["fixed_gate"]).abs().max() > 1e-4, "the gate does count"


def test_the_loss_of_a_gate_moves_nothing_below_it() -> None:
    torch.manual_seed(0)
    encoder = ExpertBiLSTM(6, EncoderConfig(kind="expert-bilstm", hidden_size=4, layers=1, experts=S))
    with recorded_gates(encoder) as logits:
        encoder(torch.randn(2, 3, 6), torch.tensor([3, 2]))
    logits["mixture"].log_softmax(dim=-1)[..., 0].sum().backward()  # type: ignore[no-untyped-call]
    learnt = {name for name, each in encoder.named_parameters() if each.grad is not None}
    assert learnt == {"mixture.gate.weight", "mixture.gate.bias"}


def test_gates_are_recorded_by_name_while_they_are_asked_for_and_those_of_one_expert_are_not() -> None:
    sizes = DecoderSizes(hidden=4, dropout=0.0, experts=S)
    torch.manual_seed(0)
    network = nn.ModuleDict(
        {
            "slots": SlotExperts(5, 6, sizes),
            "intent": IntentExperts(5, 2, sizes),
            "alone": SlotExperts(5, 6, sizes._replace(experts=1)),
        }
    )
    encoded_BTH, lengths_B = torch.randn(2, 3, 5), torch.tensor([3, 1])
    with recorded_gates(network) as logits:
        for name in ("slots", "alone"):
            network[name](encoded_BTH)
        network["intent"](encoded_BTH, lengths_B)
    assert {name: tuple(each.shape) for name, each in logits.items()} == {
        "slots.mixture": (2, 3, S),
        "intent.mixture": (2, S),
    }
    before = dict(logits)
    network["slots"](encoded_BTH + 1)
    assert logits == before


def test_an_utterance_is_pooled_over_its_own_tokens() -> None:
    """z is the attention's mean of the tokens; what stands in padding has no part in it."""
    torch.manual_seed(0)
    decoder = IntentExperts(5, 3, DecoderSizes(hidden=4, dropout=0.0, experts=S))
    encoded_BTH, lengths_B = torch.randn(2, 4, 5), torch.tensor([4, 2])
    alpha_T = decoder.attention(encoded_BTH[1, :2]).squeeze(1).softmax(dim=0)
    expected = decoder.mixture(alpha_T @ encoded_BTH[1, :2])
    torch.testing.assert_close(decoder(encoded_BTH, lengths_B)[1], expected)
    encoded_BTH[1, 2:] = 1e3
    torch.testing.assert_close(decoder(encoded_BTH, lengths_B)[1], expected)
