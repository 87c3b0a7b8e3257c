"""A pre-trained sentence encoder inside a network: what its layers say of each word in its context, and of the whole text.

The layers are those of the multilingual universal sentence encoder (Yang et al. 2020): a text's words are cut into pieces,
whose fixed vectors are read by two residual convolutions of each of three widths; the mean of what these say goes
through two residual layers to the vector of the text. A network starts from the encoder's weights and learns on. What the
encoder says of the pieces of a word is averaged and mapped to `size` numbers, the vector of the text to as many more, which
every word is given.

Axes: B utterances, T tokens, U distinct words, V words of the vocabulary, P pieces of a word, R pieces of a text, N pieces
that have a vector, S numbers of a piece's vector, F of what the convolutions say of it, C the two mapped vectors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from train.models.padding import inside

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PIECE_SIZE, CHANNELS, TEXT_SIZE, HIDDEN_SIZE = 512, 256, 512, 320
WINDOWS = ((2, 0), (3, 1), (5, 2))
"""Width of each convolution, and how many pieces on the left of its own it reads."""
BEGIN, END, NO_PIECE = 0, 1, 2
"""Rows of the table: the two ends of a text, and the piece of a word that has none."""
EPSILON = 1e-12
WORDS_HIDDEN = 0.05
"""Share of the words whose pieces are hidden in training, so that an unknown word surprises nobody."""


class WordPieces(NamedTuple):
    """The pieces of each word of a vocabulary: rows_VP of table_NS, -1 behind a word's last one."""

    rows_VP: NDArray[np.int32]
    table_NS: NDArray[np.float16]


class ResidualConvolutions(nn.Module):
    """Two convolutions of one width: x + relu(conv(x)), twice."""

    def __init__(self, width: int, left: int) -> None:
        super().__init__()
        self.pads = (left, width - 1 - left)
        self.layers = nn.ModuleList(nn.Conv1d(CHANNELS, CHANNELS, width) for _ in range(2))

    def forward(self, hidden_BFR: Tensor, inside_B1R: Tensor) -> Tensor:
        """Of the same shape; beyond the ends of a text it reads zeros."""
        for layer in self.layers:
            padded = nn.functional.pad(hidden_BFR * inside_B1R, self.pads)
            hidden_BFR = hidden_BFR + torch.relu(layer(padded))
        return hidden_BFR


class SentenceLayers(nn.Module):
    """The encoder's own layers: pieces_BRS -> (features_BRF, texts_BS)."""

    feature_size = PIECE_SIZE + len(WINDOWS) * CHANNELS

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(PIECE_SIZE, len(WINDOWS) * CHANNELS)
        self.project_norm = nn.LayerNorm(len(WINDOWS) * CHANNELS, eps=EPSILON)
        self.branches = nn.ModuleList(ResidualConvolutions(width, left) for width, left in WINDOWS)
        self.norm = nn.LayerNorm(self.feature_size, eps=EPSILON)
        self.pool = nn.Linear(self.feature_size, PIECE_SIZE)
        self.dense = nn.ModuleList(
            nn.Linear(*sizes, bias=False)
            for sizes in ((PIECE_SIZE, HIDDEN_SIZE), (HIDDEN_SIZE, HIDDEN_SIZE), (HIDDEN_SIZE, TEXT_SIZE))
        )
        self.dense_last = nn.Linear(TEXT_SIZE, TEXT_SIZE, bias=False)
        self.shortcuts = nn.ModuleList(
            nn.Linear(*sizes, bias=False) for sizes in ((PIECE_SIZE, HIDDEN_SIZE), (HIDDEN_SIZE, TEXT_SIZE))
        )

    def forward(self, pieces_BRS: Tensor, lengths_B: Tensor) -> tuple[Tensor, Tensor]:
        """The features are not zero in padding; the texts' vectors do not depend on it."""
        inside_BR = inside(lengths_B, pieces_BRS.shape[1])
        hidden = self.project_norm(self.project(pieces_BRS)).transpose(1, 2)
        branches = [
            branch(part, inside_BR.unsqueeze(1)).transpose(1, 2)
            for branch, part in zip(self.branches, hidden.split(CHANNELS, dim=1), strict=True)
        ]
        features_BRF = self.norm(torch.cat([pieces_BRS, *branches], dim=2))
        summed_BF = (features_BRF * inside_BR.unsqueeze(2)).sum(dim=1)
        lengths_B1 = lengths_B.unsqueeze(1).to(summed_BF.dtype)
        mean_BS = self.pool(summed_BF / lengths_B1) * lengths_B1.sqrt()
        first = self.shortcuts[0](mean_BS) + self.dense[1](torch.relu(self.dense[0](mean_BS)))
        first = torch.relu(first)
        last = self.shortcuts[1](first) + self.dense_last(torch.relu(self.dense[2](first)))
        return features_BRF, torch.tanh(last)


class PretrainedEncoder(nn.Module):
    """(word_ids_U, words_BT, lengths_B) -> context_BTC, C = 2 size; begins at random, `layers` are to be loaded."""

    def __init__(self, pieces: WordPieces, size: int) -> None:
        super().__init__()
        self.layers = SentenceLayers()
        self.of_word = nn.Linear(self.layers.feature_size, size)
        self.of_text = nn.Linear(TEXT_SIZE, size)
        self.output_size = 2 * size
        self.register_buffer("rows_VP", torch.from_numpy(pieces.rows_VP).long(), persistent=False)
        self.register_buffer("table_NS", torch.from_numpy(pieces.table_NS), persistent=False)

    def forward(self, word_ids_U: Tensor, words_BT: Tensor, lengths_B: Tensor) -> Tensor:
        """What the encoder says of each word where it stands, and of its text; zero in padding."""
        rows_UP = self.get_buffer("rows_VP")[word_ids_U]
        if self.training:
            hidden_U1 = torch.rand(len(rows_UP), 1, device=rows_UP.device) < WORDS_HIDDEN
            nothing_P = rows_UP.new_full((rows_UP.shape[1],), -1)
            nothing_P[0] = NO_PIECE
            rows_UP = torch.where(hidden_U1, nothing_P, rows_UP)
        rows_BTP, inside_BT = rows_UP[words_BT], inside(lengths_B, words_BT.shape[1])
        there_BTP = (rows_BTP >= 0) & inside_BT.unsqueeze(2)
        rows_BX, there_BX = rows_BTP.flatten(1), there_BTP.flatten(1)
        places_BX = there_BX.cumsum(dim=1)  # that of the first piece is 1, behind the begin of the text
        n_pieces_B = places_BX[:, -1]
        texts_BR = rows_BX.new_full((len(rows_BX), int(n_pieces_B.max()) + 2), END)
        texts_BR[:, 0] = BEGIN
        utterances_BX = torch.arange(len(rows_BX), device=rows_BX.device).unsqueeze(1).expand_as(rows_BX)
        texts_BR[utterances_BX[there_BX], places_BX[there_BX]] = rows_BX[there_BX]
        features_BRF, texts_BS = self.layers(self.get_buffer("table_NS")[texts_BR].float(), n_pieces_B + 2)
        said_BRC = self.of_word(features_BRF)
        said_BTPC = said_BRC[utterances_BX, places_BX].unflatten(1, rows_BTP.shape[1:])
        there_BTP1 = there_BTP.unsqueeze(3).to(said_BTPC.dtype)
        words_BTC = (said_BTPC * there_BTP1).sum(dim=2) / there_BTP1.sum(dim=2).clamp(min=1)
        whole_BTC = self.of_text(texts_BS).unsqueeze(1).expand(-1, words_BT.shape[1], -1)
        return torch.cat([words_BTC, whole_BTC], dim=2) * inside_BT.unsqueeze(2)
