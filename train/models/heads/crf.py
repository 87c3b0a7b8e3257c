"""Linear-chain CRF head: exact likelihood, Viterbi path and marginals over the legal paths of a scheme.

Axes: B utterances, T tokens, K tags (I and J where a transition goes from I to J).
A path scores start[y_1] + sum_i emission_i[y_i] + sum_i U[y_{i-1}, y_i] + end[y_n] (AIN, eq. 1 and 2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from polyparse.contract.tags import SCHEMES
from polyparse.inference.networks import Decoded
from train.models.heads.base import FORBIDDEN, mask_padding, pick, restrict
from train.models.heads.forward_backward import ExpectedCounts, LogPartition, reverse, sum_paths
from train.models.padding import inside

if TYPE_CHECKING:
    from collections.abc import Sequence


class Potentials(NamedTuple):
    """The scores of a path beyond the emissions; `transitions_IJ[i, j]` is that of tag j right after tag i."""

    start_K: Tensor
    transitions_IJ: Tensor
    end_K: Tensor


class Crf(nn.Module):
    """P(y | x) over the paths that the scheme allows; illegal paths have no part in log Z."""

    illegal_start_K: Tensor
    illegal_KK: Tensor
    illegal_end_K: Tensor

    def __init__(self, tags: Sequence[str], scheme: str) -> None:
        super().__init__()
        self.tags = tuple(tags)
        self.scheme = scheme
        self.start_K = nn.Parameter(torch.zeros(len(self.tags)))
        self.transitions_KK = nn.Parameter(torch.zeros(len(self.tags), len(self.tags)))
        self.end_K = nn.Parameter(torch.zeros(len(self.tags)))
        start_K, allowed_KK, end_K = SCHEMES[scheme].transitions(self.tags)
        self.register_buffer("illegal_start_K", ~torch.from_numpy(start_K), persistent=False)
        self.register_buffer("illegal_KK", ~torch.from_numpy(allowed_KK), persistent=False)
        self.register_buffer("illegal_end_K", ~torch.from_numpy(end_K), persistent=False)

    def potentials(self, forbidden: float = FORBIDDEN) -> Potentials:
        """The parameters, with the score `forbidden` for what is illegal in the scheme."""
        return Potentials(
            self.start_K.masked_fill(self.illegal_start_K, forbidden),
            self.transitions_KK.masked_fill(self.illegal_KK, forbidden),
            self.end_K.masked_fill(self.illegal_end_K, forbidden),
        )

    def _unmasked(self) -> Potentials:
        """The parameters as they are, to score paths that are known to be legal."""
        return Potentials(self.start_K, self.transitions_KK, self.end_K)

    def loss(self, emissions_BTK: Tensor, tags_BT: Tensor, lengths_B: Tensor) -> Tensor:
        """log Z - score of the given path, in nats, mean over utterances; a given path must be legal."""
        inside_BT = inside(lengths_B, emissions_BTK.shape[1])
        emissions_BTK = mask_padding(emissions_BTK, inside_BT).double()
        potentials = Potentials(*(scores.double() for scores in self.potentials(-torch.inf)))
        return path_loss(emissions_BTK, potentials, tags_BT, lengths_B).to(self.start_K.dtype)

    def soft_loss(self, emissions_BTK: Tensor, teacher: ExpectedCounts, lengths_B: Tensor) -> Tensor:
        """log Z - the expected score of a path of the teacher's CRF, that is their cross entropy; mean over utterances.

        The teacher's CRF must have the same scheme.
        """
        inside_BT = inside(lengths_B, emissions_BTK.shape[1])
        emissions_BTK = mask_padding(emissions_BTK, inside_BT).double()
        potentials = Potentials(*(scores.double() for scores in self.potentials(-torch.inf)))
        return chain_loss(emissions_BTK, potentials, teacher, lengths_B).to(self.start_K.dtype)

    def decode(self, emissions_BTK: Tensor, allowed_BK: Tensor, lengths_B: Tensor) -> Decoded[Tensor]:
        """The best legal path over allowed tags (Viterbi); its probabilities are normalised over those paths.

        Each token's largest emission is subtracted from all of them, which changes no result and keeps scores small.
        """
        inside_BT = inside(lengths_B, emissions_BTK.shape[1])
        emissions_BTK = restrict(mask_padding(emissions_BTK, inside_BT), allowed_BK)
        emissions_BTK = emissions_BTK - emissions_BTK.amax(2, keepdim=True)
        path_BT = viterbi(emissions_BTK, self.potentials(), lengths_B).masked_fill(~inside_BT, 0)
        potentials = Potentials(*(scores.double() for scores in self.potentials()))
        sums = sum_paths(emissions_BTK.double(), *potentials, lengths_B)
        score_B = path_score(emissions_BTK.double(), self._unmasked(), path_BT, lengths_B)
        return Decoded(
            path_BT,
            pick(sums.marginals_BTK, path_BT).masked_fill(~inside_BT, 1.0).to(emissions_BTK.dtype),
            (score_B - sums.log_partition_B).to(emissions_BTK.dtype),
        )


def path_loss(emissions_BTK: Tensor, potentials: Potentials, tags_BT: Tensor, lengths_B: Tensor) -> Tensor:
    """log Z - score of the given path, mean over utterances; all float64."""
    log_partition_B: Tensor = LogPartition.apply(emissions_BTK, *potentials, lengths_B)  # type: ignore[no-untyped-call]
    return (log_partition_B - path_score(emissions_BTK, potentials, tags_BT, lengths_B)).mean()


def chain_loss(
    emissions_BTK: Tensor, potentials: Potentials, teacher: ExpectedCounts, lengths_B: Tensor
) -> Tensor:
    """-sum_y P_teacher(y) log P(y), mean over utterances; all float64.

    A path's score is a sum over its tokens and transitions, so that only the teacher's expected counts of these are needed;
    the count of what is forbidden (-inf) is zero.
    """
    log_partition_B: Tensor = LogPartition.apply(emissions_BTK, *potentials, lengths_B)  # type: ignore[no-untyped-call]
    expected_score = (teacher.marginals_BTK * emissions_BTK).sum()
    for scores, counts in zip(
        potentials, (teacher.starts_K, teacher.transitions_IJ, teacher.ends_K), strict=True
    ):
        expected_score = expected_score + (counts * scores.masked_fill(scores == -torch.inf, 0.0)).sum()
    return (log_partition_B.sum() - expected_score) / len(lengths_B)


def path_score(emissions_BTK: Tensor, potentials: Potentials, tags_BT: Tensor, lengths_B: Tensor) -> Tensor:
    """score_B: the unnormalised log-score of the paths `tags_BT`."""
    inside_BT = inside(lengths_B, emissions_BTK.shape[1])
    tags_BT = tags_BT.masked_fill(~inside_BT, 0)
    scores_BT = pick(emissions_BTK, tags_BT)
    steps_BT = potentials.transitions_IJ[tags_BT[:, :-1], tags_BT[:, 1:]]
    scores_BT = scores_BT + nn.functional.pad(steps_BT, (1, 0))
    last_B = tags_BT.gather(1, lengths_B[:, None] - 1).squeeze(1)
    ends_B = potentials.start_K[tags_BT[:, 0]] + potentials.end_K[last_B]
    return scores_BT.masked_fill(~inside_BT, 0.0).sum(1) + ends_B


def viterbi(emissions_BTK: Tensor, potentials: Potentials, lengths_B: Tensor) -> Tensor:
    """path_BT of the highest score; ties go to the lower tag id, from the last token backwards.

    `best_BK[b, j]` is the score of the best path up to the token before, with its transition into tag j. No back-pointers
    are stored: the tag before y_t is argmax_i (reached_{t-1}[i] + U[i, y_t]), and the end of the utterance counts as tag K.
    """
    into_JI = torch.cat((potentials.transitions_IJ.T, potentials.end_K[None]))
    best_BK = potentials.start_K.expand(len(emissions_BTK), -1)
    reached = []
    for emission_BK in emissions_BTK.unbind(1):
        reached.append(best_BK + emission_BK)
        best_BK = (reached[-1][:, None, :] + into_JI[:-1]).amax(2)
    tag_B = torch.full_like(lengths_B, len(potentials.end_K), dtype=torch.int64)
    path = []
    for reached_BK in reverse(torch.stack(reached, 1), lengths_B).unbind(1):
        tag_B = (reached_BK + into_JI[tag_B]).argmax(1)
        path.append(tag_B)
    return reverse(torch.stack(path, 1), lengths_B)
