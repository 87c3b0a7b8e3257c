"""Mean-field inference of a chain as an unrolled network, as in the AIN paper (Wang et al., EMNLP 2020).

Axes: B utterances, T tokens, K tags (I and J where a transition goes from I to J).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from train.models.padding import inside

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor


class Step(NamedTuple):
    """One iteration: scores times `sharpness` (inverse temperature); Q moves `share` of the way to its new value."""

    sharpness: float = 1.0
    share: float = 1.0


def mean_field(
    emissions_BTK: Tensor,
    boundary_BTK: Tensor,
    tables: Mapping[int, Tensor],
    lengths_B: Tensor,
    steps: Sequence[Step],
) -> Tensor:
    """log_q_BTK after M iterations (AIN, sections 2.1 and 2.2); the last one must have share 1. AIN's own are all `Step()`.

    Q_i^0 is the normalised emission psi_u; then, for all tokens at once,
    Q_i^m is proportional to exp(psi_u + sum over neighbours j of s(j, i, m)), and the message s(j, i, m) is
    sum_y Q_j^{m-1}(y) psi_b(y, y_i). `tables` maps a distance to its psi_b, indexed [tag of the earlier
    token, tag of the later one]: a message from the right therefore goes through the transposed table.
    `boundary_BTK` is the message to the first and the last token from beyond the utterance, where the neighbour is known;
    as a message it has no part in Q^0. Padding sends no messages, and what is computed for it is not used.
    """
    inside_BT1 = inside(lengths_B, emissions_BTK.shape[1])[:, :, None]
    reach = max(tables)
    both_ways_IJ = torch.cat([torch.cat((table_IJ, table_IJ.T)) for table_IJ in tables.values()])
    offsets = [sign * distance for distance in tables for sign in (-1, 1)]
    potentials_BTK = emissions_BTK + boundary_BTK
    log_q_BTK = ((steps[0].sharpness if steps else 1.0) * emissions_BTK).log_softmax(2)
    q_BTK = log_q_BTK.exp()
    for sharpness, share in steps:
        sent_BTK = torch.nn.functional.pad(q_BTK.masked_fill(~inside_BT1, 0.0), (0, 0, reach, reach))
        neighbours = [sent_BTK[:, reach + offset : sent_BTK.shape[1] - reach + offset] for offset in offsets]
        log_q_BTK = (sharpness * (potentials_BTK + torch.cat(neighbours, 2) @ both_ways_IJ)).log_softmax(2)
        q_BTK = (1.0 - share) * q_BTK + share * log_q_BTK.exp()
    return log_q_BTK


def boundary(start_K: Tensor, end_K: Tensor, lengths_B: Tensor, n_tokens: int) -> Tensor:
    """boundary_BTK: `start_K` at the first token, `end_K` at the last one, zero elsewhere."""
    positions_T = torch.arange(n_tokens, device=lengths_B.device)
    first_T1 = (positions_T == 0)[:, None].to(start_K.dtype)
    last_BT1 = (positions_T == lengths_B[:, None] - 1)[:, :, None].to(end_K.dtype)
    return first_T1 * start_K + last_BT1 * end_K
