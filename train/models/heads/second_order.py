"""Exact decoding of a chain whose potentials reach two tokens back: Viterbi over pairs of tags, O(T K^3).

It says how far the answers of AIN-F2O are from the best path under the same potentials, and serves nothing.

Axes: B utterances, T tokens, K tags (I, J, K three tags in a row).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from polyparse.inference.networks import Decoded
from train.models.heads.base import mask_padding, restrict
from train.models.padding import inside

if TYPE_CHECKING:
    from train.models.heads.crf import Crf


class SecondOrderViterbi(nn.Module):
    """The best legal path by emissions, the chain's potentials and `skips_IK`, U~ of AIN, section 2.2."""

    skips_IK: Tensor

    def __init__(self, chain: Crf, skips_IK: Tensor) -> None:
        super().__init__()
        self.tags, self.scheme = chain.tags, chain.scheme
        self.chain = chain
        self.register_buffer("skips_IK", skips_IK.detach().clone())

    @torch.no_grad()
    def decode(self, emissions_BTK: Tensor, allowed_BK: Tensor, lengths_B: Tensor) -> Decoded[Tensor]:
        """Paths and their scores, which are not normalised: `marginals_RT` is 1 throughout."""
        inside_BT = inside(lengths_B, emissions_BTK.shape[1])
        emissions_BTK = restrict(mask_padding(emissions_BTK, inside_BT), allowed_BK)
        paths_BT = torch.zeros_like(inside_BT, dtype=torch.int64)
        scores_B = emissions_BTK.new_zeros(len(emissions_BTK))
        for b, length in enumerate(lengths_B.tolist()):
            path, scores_B[b] = self._best(emissions_BTK[b, :length])
            paths_BT[b, :length] = torch.tensor(path)
        return Decoded(paths_BT, torch.ones_like(emissions_BTK[:, :, 0]), scores_B)

    def _best(self, emissions_TK: Tensor) -> tuple[list[int], Tensor]:
        """The best path of one utterance and its score.

        Entry (j, k) of `reached_JK` is the score of the best path so far that ends with tags j, k.
        """
        start_K, near_JK, end_K = self.chain.potentials()
        first_K = start_K + emissions_TK[0]
        if len(emissions_TK) == 1:
            score, tag = (first_K + end_K).max(0)
            return [int(tag)], score
        reached_JK = first_K[:, None] + near_JK + emissions_TK[1]
        pointers: list[Tensor] = []
        for emission_K in emissions_TK[2:]:
            before_JK, from_JK = (reached_JK[:, :, None] + self.skips_IK[:, None, :]).max(0)
            reached_JK = before_JK + near_JK + emission_K
            pointers.append(from_JK)
        score, last = (reached_JK + end_K).flatten().max(0)
        path = [int(last) // len(end_K), int(last) % len(end_K)]
        for from_JK in reversed(pointers):
            path.insert(0, int(from_JK[path[0], path[1]]))
        return path, score
