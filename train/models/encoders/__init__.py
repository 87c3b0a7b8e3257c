"""The encoder class for each `kind` of `EncoderConfig`."""

from __future__ import annotations

from train.models.encoders.bilstm import BiLSTM
from train.models.encoders.bisru import BiSRU
from train.models.encoders.cnn import TokenCNN
from train.models.encoders.gated_cnn import GatedCNN
from train.models.encoders.linear import TokenLinear

ENCODERS: dict[str, type[BiLSTM | BiSRU | TokenCNN | GatedCNN | TokenLinear]] = {
    "bilstm": BiLSTM,
    "bisru": BiSRU,
    "cnn": TokenCNN,
    "gated-cnn": GatedCNN,
    "linear": TokenLinear,
}
