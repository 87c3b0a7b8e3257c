"""Encoders by name."""

from __future__ import annotations

from train.models.encoders.bilstm import BiLSTM
from train.models.encoders.cnn import TokenCNN
from train.models.encoders.linear import TokenLinear

ENCODERS: dict[str, type[BiLSTM | TokenCNN | TokenLinear]] = {
    "bilstm": BiLSTM,
    "cnn": TokenCNN,
    "linear": TokenLinear,
}
