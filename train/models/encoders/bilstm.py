"""Bidirectional LSTM layers with dropout between them (Tan & Golovneva 2020: 2 layers).

Axes: B utterances, T tokens, E embedding, H both directions together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from train.compute import lstm_autocast
from train.models.dropout import SharedDropout

if TYPE_CHECKING:
    from train.models.encoders.base import EncoderConfig


class BiLSTM(nn.Module):
    """Each direction starts at its own end of the utterance, never in the padding."""

    def __init__(self, input_size: int, config: EncoderConfig) -> None:
        super().__init__()
        self.output_size = 2 * config.hidden_size
        self.layers = nn.ModuleList(
            nn.LSTM(
                input_size if layer == 0 else self.output_size,
                config.hidden_size,
                batch_first=True,
                bidirectional=True,
            )
            for layer in range(config.layers)
        )
        self.dropout = SharedDropout(config.dropout)
        for lstm in self.layers:
            _initialise(cast("nn.LSTM", lstm))

    def forward(self, embedded_BTE: Tensor, lengths_B: Tensor) -> Tensor:
        """encoded_BTH, zero in padding; a batch of equally long utterances is not packed, which is faster."""
        with lstm_autocast(embedded_BTE.device):
            return self._encode(embedded_BTE.to(next(self.parameters()).dtype), lengths_B)

    def _encode(self, embedded_BTE: Tensor, lengths_B: Tensor) -> Tensor:
        hidden_BTH = embedded_BTE
        ragged = bool((lengths_B != embedded_BTE.shape[1]).any())
        for layer in self.layers:
            if ragged:
                packed = pack_padded_sequence(
                    hidden_BTH, lengths_B.cpu(), batch_first=True, enforce_sorted=False
                )
                hidden_BTH, _ = pad_packed_sequence(
                    layer(packed)[0], batch_first=True, total_length=embedded_BTE.shape[1]
                )
            else:
                hidden_BTH, _ = layer(hidden_BTH)
            hidden_BTH = self.dropout(hidden_BTH)
        return hidden_BTH


def _initialise(lstm: nn.LSTM) -> None:
    """Orthogonal recurrent matrices; forget gates start open (bias 1), as Jozefowicz et al. 2015 advise."""
    for input_weight, recurrent_weight, input_bias, recurrent_bias in lstm.all_weights:
        nn.init.xavier_uniform_(input_weight)
        for gate in recurrent_weight.data.chunk(4):
            nn.init.orthogonal_(gate)
        nn.init.zeros_(input_bias)
        nn.init.ones_(input_bias.data.chunk(4)[1])
        nn.init.zeros_(recurrent_bias)
