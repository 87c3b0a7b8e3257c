"""The loss of intents: what the network does not know adds nothing, and moves nothing."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cross_entropy

from train.models.intent_loss import NO_INTENT, intent_loss


def logits() -> torch.Tensor:
    return torch.randn(5, 4, generator=torch.Generator().manual_seed(1), requires_grad=True)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_where_all_are_known_it_is_the_cross_entropy_to_the_bit(smoothing: float) -> None:
    intents_B = torch.tensor([0, 3, 1, 1, 2])
    one, other = logits(), logits()
    expected = cross_entropy(other, intents_B, label_smoothing=smoothing)
    loss = intent_loss(one, intents_B, label_smoothing=smoothing)
    assert loss.equal(expected)
    torch.autograd.backward([loss, expected])
    assert one.grad is not None
    assert other.grad is not None
    assert one.grad.equal(other.grad)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_an_unknown_intent_adds_nothing_to_the_mean_over_all(smoothing: float) -> None:
    logits_BI = logits()
    loss = intent_loss(logits_BI, torch.tensor([0, NO_INTENT, 1, NO_INTENT, 2]), label_smoothing=smoothing)
    known = [(0, 0), (2, 1), (4, 2)]
    each = [
        cross_entropy(logits_BI[row : row + 1], torch.tensor([intent]), label_smoothing=smoothing)
        for row, intent in known
    ]
    torch.testing.assert_close(loss, torch.stack(each).sum() / 5)
    torch.autograd.backward(loss)
    assert logits_BI.grad is not None
    assert not logits_BI.grad[[1, 3]].any()
    assert logits_BI.grad[[0, 2, 4]].any(dim=1).all()


def test_without_a_known_intent_the_loss_is_zero_and_moves_nothing() -> None:
    logits_BI = logits()
    loss = intent_loss(logits_BI, torch.full((5,), NO_INTENT))
    torch.autograd.backward(loss)
    assert loss.item() == 0.0
    assert logits_BI.grad is not None
    assert not logits_BI.grad.any()
