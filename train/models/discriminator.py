"""A discriminator: which language an utterance is in, from what a shared encoder makes of its tokens.

    log D(l | s_1..T)      convolutions of three widths, maximum over their places, two hidden layers (ReLU), softmax

Chen et al. 2019, section 3.1: the encoder learns to be of no use to it, so that what it gives is the same in all languages.

Axes: B utterances, T tokens, H encoder output, N filters of one width, P places of a filter, L languages.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from polyparse.bounds import NOT_NEGATIVE, POSITIVE, SHARE, check_bounds
from train.models.pooling import BELOW_ALL

FILTER_WIDTHS = (3, 4, 5)
SHORTEST = max(FILTER_WIDTHS)
"""A shorter utterance is read with zeros behind it."""


@dataclass(frozen=True, kw_only=True)
class DiscriminatorConfig:
    """`weight` is lambda, that of its loss in what the encoder maximises; `updates` are its own before each of those.

    `filters` is their number of each width. It learns by the rates of the run's optimiser, in one of its own.
    """

    weight: float = 0.002
    updates: int = 1
    filters: int = 200
    hidden_size: int = 100
    dropout: float = 0.3

    def __post_init__(self) -> None:
        check_bounds(
            self, weight=NOT_NEGATIVE, updates=POSITIVE, filters=POSITIVE, hidden_size=POSITIVE, dropout=SHARE
        )


@dataclass(frozen=True, kw_only=True)
class LanguagesConfig:
    """Learning from several source languages, each update from a batch of each (Chen et al. 2019, algorithm 1).

    `gate_weight` is the weight of the loss by which gates learn to tell languages apart. With a `discriminator` the encoder
    called "shared", or the whole encoder where it has no parts, learns against it, from text of all languages.
    """

    gate_weight: float = 0.01
    discriminator: DiscriminatorConfig | None = None

    def __post_init__(self) -> None:
        check_bounds(self, gate_weight=NOT_NEGATIVE)


class Discriminator(nn.Module):
    """encoded_BTH -> logits_BL."""

    def __init__(self, input_size: int, n_languages: int, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.filters = nn.ModuleList(nn.Conv1d(input_size, config.filters, width) for width in FILTER_WIDTHS)
        self.dropout = nn.Dropout(config.dropout)
        self.first = nn.Linear(len(FILTER_WIDTHS) * config.filters, config.hidden_size)
        self.second = nn.Linear(config.hidden_size, config.hidden_size)
        self.output = nn.Linear(config.hidden_size, n_languages)

    def forward(self, encoded_BTH: Tensor, lengths_B: Tensor) -> Tensor:
        """logits_BL; `encoded_BTH` is zero in padding, as encoders give it."""
        missing = max(0, SHORTEST - encoded_BTH.shape[1])
        encoded_BHT = nn.functional.pad(encoded_BTH, (0, 0, 0, missing)).transpose(1, 2)
        read_B = lengths_B.clamp(min=SHORTEST)
        largest = []
        for width, conv in zip(FILTER_WIDTHS, self.filters, strict=True):
            response_BNP = conv(encoded_BHT)
            places_P = torch.arange(response_BNP.shape[2], device=lengths_B.device)
            beyond_BP = places_P > read_B[:, None] - width
            largest.append(response_BNP.masked_fill(beyond_BP[:, None], BELOW_ALL).amax(dim=2))
        pooled = self.dropout(torch.cat(largest, dim=1))
        hidden = self.dropout(self.first(pooled).relu())
        logits_BL: Tensor = self.output(self.dropout(self.second(hidden).relu()))
        return logits_BL
