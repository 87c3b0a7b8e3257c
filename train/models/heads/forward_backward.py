"""Sums over all paths of a linear-chain CRF: partition function, marginals and their gradients.

Axes: B utterances, T tokens, K tags (I and J where a transition goes from I to J), D the two directions.

The backward pass is the forward pass over the reversed utterance with transposed transitions, so that both run as one batch
of T matrix products. They work in probabilities, rescaled at each token, in float64, which holds numbers down to e^-708: a
path that is far below the best one (by 200 for each of two or three tokens that the scheme forces, when emissions are +-100)
still counts. float32 would lose it below e^-87.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from train.models.padding import inside

if TYPE_CHECKING:
    from torch.autograd.function import FunctionCtx

TINY = 1e-300
"""Replaces a sum of zero (no legal path at all), so that its logarithm and quotients stay finite."""


class Sums(NamedTuple):
    """The results of the forward and the backward pass.

    `before_BTK[b, t, j]`: forward message, the rescaled sum over all partial paths up to t - 1, with the transition into
    tag j at t. `after_BTK[b, t, i]`: backward message, the same for partial paths from t + 1 that follow tag i at t.
    `weights_BTK` are exp(emissions), scaled to a maximum of 1 at each token; the marginals are
    before * weights * after, divided by their sum over tags, `totals_BT`.
    """

    before_BTK: Tensor
    weights_BTK: Tensor
    after_BTK: Tensor
    marginals_BTK: Tensor
    totals_BT: Tensor
    log_partition_B: Tensor


def reverse(values_BT: Tensor, lengths_B: Tensor) -> Tensor:
    """Each utterance reversed within its length; padding stays where it is. Further axes may follow T."""
    positions_T = torch.arange(values_BT.shape[1], device=values_BT.device)
    mirrored_BT = lengths_B[:, None] - 1 - positions_T
    source_BT = torch.where(mirrored_BT >= 0, mirrored_BT, positions_T)
    return values_BT[torch.arange(len(values_BT), device=values_BT.device)[:, None], source_BT]


def sum_paths(
    emissions_BTK: Tensor, start_K: Tensor, transitions_IJ: Tensor, end_K: Tensor, lengths_B: Tensor
) -> Sums:
    """Sum over all paths; what is illegal has a score of -inf or `FORBIDDEN`. All float64."""
    peaks_BT1 = emissions_BTK.amax(2, keepdim=True)
    weights_BTK = (emissions_BTK - peaks_BT1).exp()
    transitions_DIJ = torch.stack((transitions_IJ, transitions_IJ.T)).exp()
    message_DBK = torch.stack((start_K, end_K)).exp()[:, None].expand(2, len(emissions_BTK), -1)
    messages, scales = [], []
    for weight_DBK in torch.stack((weights_BTK, reverse(weights_BTK, lengths_B))).unbind(2):
        reached_DBK = message_DBK * weight_DBK
        scale_DB1 = reached_DBK.sum(2, keepdim=True).clamp_min(TINY)
        messages.append(message_DBK)
        scales.append(scale_DB1)
        message_DBK = torch.bmm(reached_DBK / scale_DB1, transitions_DIJ)
    before_BTK, mirrored_BTK = torch.stack(messages, 2)
    after_BTK = reverse(mirrored_BTK, lengths_B)
    joint_BTK = before_BTK * weights_BTK * after_BTK
    totals_BT = joint_BTK.sum(2).clamp_min(TINY)
    # Z is the total at token 0, times the scales that the backward pass divided by on its way there.
    log_scales_BT = torch.stack(scales, 2)[1, :, :, 0].log()
    inside_BT = inside(lengths_B, emissions_BTK.shape[1])
    log_scale_B = log_scales_BT.masked_fill(~inside(lengths_B - 1, emissions_BTK.shape[1]), 0.0).sum(1)
    peaks_B = peaks_BT1.squeeze(2).masked_fill(~inside_BT, 0.0).sum(1)
    return Sums(
        before_BTK,
        weights_BTK,
        after_BTK,
        (joint_BTK / totals_BT[:, :, None]).masked_fill(~inside_BT[:, :, None], 0.0),
        totals_BT,
        totals_BT[:, 0].log() + log_scale_B + peaks_B,
    )


class LogPartition(torch.autograd.Function):
    """log Z of each utterance; its gradients are the marginals, so that autograd need not record the recursion."""

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


class ExpectedCounts(NamedTuple):
    """Under a CRF: each token's marginals, and the expected counts of start tags, transitions and end tags of a batch."""

    marginals_BTK: Tensor
    starts_K: Tensor
    transitions_IJ: Tensor
    ends_K: Tensor


def expected_counts(
    emissions_BTK: Tensor, start_K: Tensor, transitions_IJ: Tensor, end_K: Tensor, lengths_B: Tensor
) -> ExpectedCounts:
    """The expected counts, as gradients of log Z; all float64, detached from the autograd graph."""
    with torch.enable_grad():
        scores = [
            score.detach().requires_grad_() for score in (emissions_BTK, start_K, transitions_IJ, end_K)
        ]
        total = LogPartition.apply(*scores, lengths_B).sum()  # type: ignore[no-untyped-call]
        return ExpectedCounts(*torch.autograd.grad(total, scores))
