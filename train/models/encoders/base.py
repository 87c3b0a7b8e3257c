"""The config and the interface of all encoders: embedded tokens in, contextual tokens out; padding is never read.

Axes: B utterances, T tokens, E embedding, H encoder output.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from polyparse.bounds import POSITIVE, SHARE, check_bounds
from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class EncoderConfig:
    """`hidden_size`: of one direction ("bi..."), of filters or channels (the CNNs), of the output ("linear").

    "identity" has neither sizes nor dropout. `batch_norm` is an option of "projected-cnn", whose paper has it; `experts` is
    how many "expert-bilstm" has. "parallel" is made of the encoders in `parts`, by their names; its other entries have no
    meaning.
    """

    kind: Literal[
        "bilstm",
        "bigru",
        "bisru",
        "cnn",
        "projected-cnn",
        "gated-cnn",
        "linear",
        "identity",
        "expert-bilstm",
        "parallel",
    ] = "bilstm"
    hidden_size: int = 200
    layers: int = 2
    dropout: float = 0.4
    batch_norm: bool = False
    experts: int = 2
    parts: Mapping[str, EncoderConfig] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        check_bounds(self, hidden_size=POSITIVE, layers=POSITIVE, dropout=SHARE, experts=POSITIVE)
        if self.batch_norm and self.kind != "projected-cnn":
            raise ConfigError(f"batch_norm: found true with encoder {self.kind}, expected projected-cnn")
        if (self.kind == "parallel") != bool(self.parts):
            expected = "some" if self.kind == "parallel" else "none"
            raise ConfigError(f"parts: found {len(self.parts)} in a {self.kind} encoder, expected {expected}")
        for name in self.parts:
            if not name.isidentifier():
                raise ConfigError(f"parts: found the name {name!r}, expected letters, digits and underscores")

    def single(self) -> Iterator[EncoderConfig]:
        """The encoders that it is made of, which have no parts."""
        if not self.parts:
            yield self
        for part in self.parts.values():
            yield from part.single()


class Encoder(Protocol):
    """An encoder module; `output_size` is H."""

    output_size: int

    def __call__(self, embedded_BTE: Tensor, lengths_B: Tensor) -> Tensor:
        """encoded_BTH, zero in padding; independent of what the input has in padding."""
