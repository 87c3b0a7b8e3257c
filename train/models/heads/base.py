"""What every head is: emissions in, a loss to train by and a decoded path with its probabilities out.

Axes: B utterances, T tokens, K tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from torch import Tensor

    from train.models.heads.forward_backward import Expected

FORBIDDEN = -1e4
"""Score of what must not be: it loses to any legal path, and float32 sums of it stay finite."""


class Decoded(NamedTuple):
    """The chosen tags: 0 in the path and 1.0 in its marginals beyond a length."""

    path_BT: Tensor
    path_marginals_BT: Tensor
    log_prob_B: Tensor


class Head(Protocol):
    """A module that owns the tag scores beyond the emissions; padding is never read, whatever it holds."""

    tags: tuple[str, ...]
    scheme: str

    def loss(self, emissions_BTK: Tensor, tags_BT: Tensor, lengths_B: Tensor) -> Tensor:
        """Negative log-likelihood in nats, summed over an utterance's tokens, mean over utterances."""

    def soft_loss(self, emissions_BTK: Tensor, teacher: Expected, lengths_B: Tensor) -> Tensor:
        """Cross entropy with a teacher's chain in nats, summed over an utterance's tokens, mean over utterances."""

    def decode(self, emissions_BTK: Tensor, allowed_BK: Tensor, lengths_B: Tensor) -> Decoded:
        """The chosen path; tags that a row does not allow stand at `FORBIDDEN`."""


def blank_padding(emissions_BTK: Tensor, inside_BT: Tensor) -> Tensor:
    """Emissions with zeros for padding, so that not even a NaN there reaches a value or a gradient."""
    return emissions_BTK.masked_fill(~inside_BT[:, :, None], 0.0)


def restrict(emissions_BTK: Tensor, allowed_BK: Tensor) -> Tensor:
    """Emissions with `FORBIDDEN` for every tag that the row does not allow."""
    return emissions_BTK.masked_fill(~allowed_BK[:, None, :], FORBIDDEN)


def pick(values_BTK: Tensor, tags_BT: Tensor) -> Tensor:
    """picked_BT: the value of each position's tag."""
    return values_BTK.gather(2, tags_BT[:, :, None]).squeeze(2)


def factorised_loss(log_q_BTK: Tensor, tags_BT: Tensor, inside_BT: Tensor) -> Tensor:
    """-sum_i log Q_i(y_i), mean over utterances (AIN, section 2.3)."""
    log_q_BT = pick(log_q_BTK, tags_BT.masked_fill(~inside_BT, 0))
    return -log_q_BT.masked_fill(~inside_BT, 0.0).sum(1).mean()


def factorised_soft_loss(log_q_BTK: Tensor, marginals_BTK: Tensor, inside_BT: Tensor) -> Tensor:
    """-sum_i sum_y P_i(y) log Q_i(y), where P_i are a teacher's marginals, mean over utterances."""
    entropy_BT = -(marginals_BTK.to(log_q_BTK.dtype) * log_q_BTK).sum(2)
    return entropy_BT.masked_fill(~inside_BT, 0.0).sum(1).mean()


def factorised_decode(log_q_BTK: Tensor, inside_BT: Tensor) -> Decoded:
    """y_i = argmax Q_i at each position by itself (AIN, section 2.1); log_prob is sum_i log Q_i(y_i)."""
    best_BT, path_BT = log_q_BTK.max(2)
    log_q_BT = best_BT.masked_fill(~inside_BT, 0.0)
    return Decoded(path_BT.masked_fill(~inside_BT, 0), log_q_BT.exp(), log_q_BT.sum(1))
