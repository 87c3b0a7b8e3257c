"""The config and the interface of all encoders: embedded tokens in, contextual tokens out; padding is never read.

Axes: B utterances, T tokens, E embedding, H encoder output.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from polyparse.bounds import POSITIVE, SHARE, check_bounds

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class EncoderConfig:
    """`hidden_size`: of one direction ("bilstm", "bisru"), of filters or channels (the CNNs), of the output ("linear")."""

    kind: Literal["bilstm", "bisru", "cnn", "gated-cnn", "linear"] = "bilstm"
    hidden_size: int = 200
    layers: int = 2
    dropout: float = 0.4

    def __post_init__(self) -> None:
        check_bounds(self, hidden_size=POSITIVE, layers=POSITIVE, dropout=SHARE)


class Encoder(Protocol):
    """An encoder module; `output_size` is H."""

    output_size: int

    def __call__(self, embedded_BTE: Tensor, lengths_B: Tensor) -> Tensor:
        """encoded_BTH, zero in padding; independent of what the input has in padding."""
