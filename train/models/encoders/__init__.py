"""The encoder class for each `kind` of `EncoderConfig`, and encoders made of several."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from train.models.encoders.bigru import BiGRU
from train.models.encoders.bilstm import BiLSTM
from train.models.encoders.bisru import BiSRU
from train.models.encoders.cnn import TokenCNN
from train.models.encoders.expert_bilstm import ExpertBiLSTM
from train.models.encoders.gated_cnn import GatedCNN
from train.models.encoders.identity import IdentityEncoder
from train.models.encoders.linear import TokenLinear
from train.models.encoders.parallel import Parallel
from train.models.encoders.projected_cnn import ProjectedCNN

if TYPE_CHECKING:
    from train.models.encoders.base import EncoderConfig

SingleEncoder: TypeAlias = (
    BiLSTM | BiGRU | BiSRU | TokenCNN | ProjectedCNN | GatedCNN | TokenLinear | IdentityEncoder | ExpertBiLSTM
)
AnyEncoder: TypeAlias = SingleEncoder | Parallel

ENCODERS: dict[str, type[SingleEncoder]] = {
    "bilstm": BiLSTM,
    "bigru": BiGRU,
    "bisru": BiSRU,
    "cnn": TokenCNN,
    "projected-cnn": ProjectedCNN,
    "gated-cnn": GatedCNN,
    "linear": TokenLinear,
    "identity": IdentityEncoder,
    "expert-bilstm": ExpertBiLSTM,
}
"""Encoders by themselves; "parallel" is made of them."""


def encoder_of(input_size: int, config: EncoderConfig) -> AnyEncoder:
    """The encoder that a config describes, newly initialised; parts are made in their order."""
    if config.parts:
        return Parallel({name: encoder_of(input_size, part) for name, part in config.parts.items()})
    return ENCODERS[config.kind](input_size, config)
