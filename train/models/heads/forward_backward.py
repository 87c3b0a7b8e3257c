"""Sums over all paths of a linear-chain CRF: partition function, marginals and their gradients.

Axes: B utterances, T tokens, K tags (I and J where a transition goes from I to J), D the two directions.

Both directions are one recursion: the backward pass is the forward pass over the reversed utterance with
transposed transitions, so they run as one batch of matrix products, T in all. It works in probabilities,
rescaled at each token, in float64: its exponents reach e^-708, so that what a path loses against the best one
where a tag scheme forces two or three tokens (200 a token when emissions are +-100) still counts. float32
would drop it from e^-87 on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from train.models.padding import inside

if TYPE_CHECKING:
    from torch.autograd.function import FunctionCtx

TINY = 1e-300
"""Stands for a sum that vanished (no legal path at all), so that its logarithm and quotients stay finite."""


class Sums(NamedTuple):
    """What one pass yields.

    `before_BTK[b, t, j]`: normalised mass of all path beginnings up to t - 1 that step to tag j at t.
    `after_BTK[b, t, i]`: normalised mass of all path endings from t + 1 that tag i at t steps to.
    `weights_BTK` are exp(emissions), scaled to a maximum of 1 at each token; the marginals are
    before * weights * after, divided by their sum, `totals_BT`.
    """

    before_BTK: Tensor
    weights_BTK: Tensor
    after_BTK: Tensor
    marginals_BTK: Tensor
    totals_BT: Tensor
    log_partition_B: Tensor


def reverse(values_BT: Tensor, lengths_B: Tensor) -> Tensor:
    """Each row reversed within its length; padding stays where it is. Further axes may follow T."""
    positions_T = torch.arange(values_BT.shape[1], device=values_BT.device)
    mirrored_BT = lengths_B[:, None] - 1 - positions_T
    source_BT = torch.where(mirrored_BT >= 0, mirrored_BT, positions_T)
    return values_BT[torch.arange(len(values_BT), device=values_BT.device)[:, None], source_BT]


def sum_paths(
    emissions_BTK: Tensor, start_K: Tensor, transitions_IJ: Tensor, end_K: Tensor, lengths_B: Tensor
) -> Sums:
    """Sum over all paths; what must not be has a score of -inf or `FORBIDDEN`. All float64."""
    peaks_BT1 = emissions_BTK.amax(2, keepdim=True)
    weights_BTK = (emissions_BTK - peaks_BT1).exp()
    steps_DIJ = torch.stack((transitions_IJ, transitions_IJ.T)).exp()
    message_DBK = torch.stack((start_K, end_K)).exp()[:, None].expand(2, len(emissions_BTK), -1)
    messages, scales = [], []
    for weight_DBK in torch.stack((weights_BTK, reverse(weights_BTK, lengths_B))).unbind(2):
        reached_DBK = message_DBK * weight_DBK
        scale_DB1 = reached_DBK.sum(2, keepdim=True).clamp_min(TINY)
        messages.append(message_DBK)
        scales.append(scale_DB1)
        message_DBK = torch.bmm(reached_DBK / scale_DB1, steps_DIJ)
    before_BTK, mirrored_BTK = torch.stack(messages, 2)
    after_BTK = reverse(mirrored_BTK, lengths_B)
    joint_BTK = before_BTK * weights_BTK * after_BTK
    totals_BT = joint_BTK.sum(2).clamp_min(TINY)
    # Z is the mass at token 0, times what the backward pass divided out on its way there.
    divided_BT = torch.stack(scales, 2)[1, :, :, 0].log()
    inside_BT = inside(lengths_B, emissions_BTK.shape[1])
    divided_B = divided_BT.masked_fill(~inside(lengths_B - 1, emissions_BTK.shape[1]), 0.0).sum(1)
    peaks_B = peaks_BT1.squeeze(2).masked_fill(~inside_BT, 0.0).sum(1)
    return Sums(
        before_BTK,
        weights_BTK,
        after_BTK,
        (joint_BTK / totals_BT[:, :, None]).masked_fill(~inside_BT[:, :, None], 0.0),
        totals_BT,
        totals_BT[:, 0].log() + divided_B + peaks_B,
    )


class LogPartition(torch.autograd.Function):
    """log Z per utterance; its gradients are the marginals, so that no step of the recursion is taped."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        emissions_BTK: Tensor,
        start_K: Tensor,
        transitions_IJ: Tensor,
        end_K: Tensor,
        lengths_B: Tensor,
    ) -> Tensor:
        """log_partition_B over all paths whose score is above -inf."""
        sums = sum_paths(emissions_BTK, start_K, transitions_IJ, end_K, lengths_B)
        reached_BTK = sums.before_BTK * sums.weights_BTK
        left_BTK = reached_BTK / reached_BTK.sum(2, keepdim=True).clamp_min(TINY)
        right_BTK = sums.weights_BTK * sums.after_BTK / sums.totals_BT[:, :, None]
        ctx.save_for_backward(sums.marginals_BTK, left_BTK, right_BTK, transitions_IJ, lengths_B)
        return sums.log_partition_B

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor | None, ...]:
        """Expected counts of tags and of transitions, weighted by the incoming gradient."""
        (gradient_B,) = gradients
        marginals_BTK, left_BTK, right_BTK, transitions_IJ, lengths_B = ctx.saved_tensors
        emissions_BTK = marginals_BTK * gradient_B[:, None, None]
        last_B1K = (lengths_B - 1)[:, None, None].expand(-1, 1, marginals_BTK.shape[2])
        later_BT1 = inside(lengths_B - 1, marginals_BTK.shape[1])[:, :-1, None]
        pairs = (right_BTK[:, 1:] * gradient_B[:, None, None]).masked_fill(~later_BT1, 0.0)
        counts_IJ = left_BTK[:, :-1].flatten(0, 1).T @ pairs.flatten(0, 1)
        return (
            emissions_BTK,
            emissions_BTK[:, 0].sum(0),
            counts_IJ * transitions_IJ.exp(),
            emissions_BTK.gather(1, last_B1K).sum((0, 1)),
            None,
        )


class Expected(NamedTuple):
    """What a chain expects: each token's marginals, and counts of starts, steps and ends summed over a batch."""

    marginals_BTK: Tensor
    starts_K: Tensor
    steps_IJ: Tensor
    ends_K: Tensor


def expect(
    emissions_BTK: Tensor, start_K: Tensor, transitions_IJ: Tensor, end_K: Tensor, lengths_B: Tensor
) -> Expected:
    """The gradients of log Z, which are expectations; all float64, nothing is taped."""
    with torch.enable_grad():
        scores = [each.detach().requires_grad_() for each in (emissions_BTK, start_K, transitions_IJ, end_K)]
        total = LogPartition.apply(*scores, lengths_B).sum()  # type: ignore[no-untyped-call]
        return Expected(*torch.autograd.grad(total, scores))
