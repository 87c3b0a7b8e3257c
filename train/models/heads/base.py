"""The interface of all heads: emissions in, a loss for training or a decoded path with its probabilities out.

Axes: B utterances, T tokens, K tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from polyparse.inference.networks import Decoded

if TYPE_CHECKING:
    from torch import Tensor

    from train.models.heads.forward_backward import ExpectedCounts

FORBIDDEN = -1e4
"""Score of an illegal tag or transition: low enough that any legal path wins, and float32 sums of it stay finite."""


class Head(Protocol):
    """A module with the scores of a path beyond the emissions (transitions, start, end), if any; padding is never read."""

    tags: tuple[str, ...]
    scheme: str

    def loss(self, emissions_BTK: Tensor, tags_BT: Tensor, lengths_B: Tensor) -> Tensor:
        """Negative log-likelihood in nats, summed over an utterance's tokens, mean over utterances."""

    def soft_loss(self, emissions_BTK: Tensor, teacher: ExpectedCounts, lengths_B: Tensor) -> Tensor:
        """Cross entropy with a teacher's CRF in nats, summed over an utterance's tokens, mean over utterances."""

    def decode(self, emissions_BTK: Tensor, allowed_BK: Tensor, lengths_B: Tensor) -> Decoded[Tensor]:
        """The path chosen among tags with `allowed_BK`; the others score `FORBIDDEN`."""


def mask_padding(emissions_BTK: Tensor, inside_BT: Tensor) -> Tensor:
    """Emissions with zeros for padding, so that not even a NaN there reaches a value or a gradient."""
    return emissions_BTK.masked_fill(~inside_BT[:, :, None], 0.0)


def restrict(emissions_BTK: Tensor, allowed_BK: Tensor) -> Tensor:
    """Emissions with `FORBIDDEN` for every tag that is not allowed in its utterance."""
    return emissions_BTK.masked_fill(~allowed_BK[:, None, :], FORBIDDEN)


def pick(values_BTK: Tensor, tags_BT: Tensor) -> Tensor:
    """Shape (B, T): at each position, the value of its tag in `tags_BT`."""
    return values_BTK.gather(2, tags_BT[:, :, None]).squeeze(2)


def factorised_loss(log_q_BTK: Tensor, tags_BT: Tensor, inside_BT: Tensor) -> Tensor:
    """-sum_i log Q_i(y_i), mean over utterances (AIN, section 2.3)."""
    log_q_BT = pick(log_q_BTK, tags_BT.masked_fill(~inside_BT, 0))
    return -log_q_BT.masked_fill(~inside_BT, 0.0).sum(1).mean()


def factorised_soft_loss(log_q_BTK: Tensor, marginals_BTK: Tensor, inside_BT: Tensor) -> Tensor:
    """-sum_i sum_y P_i(y) log Q_i(y), where P_i are a teacher's marginals, mean over utterances."""
    entropy_BT = -(marginals_BTK.to(log_q_BTK.dtype) * log_q_BTK).sum(2)
    return entropy_BT.masked_fill(~inside_BT, 0.0).sum(1).mean()


def factorised_decode(log_q_BTK: Tensor, inside_BT: Tensor) -> Decoded[Tensor]:
    """y_i = argmax Q_i at each position by itself (AIN, section 2.1); log_prob is sum_i log Q_i(y_i)."""
    best_BT, path_BT = log_q_BTK.max(2)
    log_q_BT = best_BT.masked_fill(~inside_BT, 0.0)
    return Decoded(path_BT.masked_fill(~inside_BT, 0), log_q_BT.exp(), log_q_BT.sum(1))
