"""Word embedding: a vector of a table and a character CNN of three widths (Tan & Golovneva 2020, section 2; Kim 2014).

Axes: U distinct words, C characters, E word vector, L character vector, N filters of one width, B utterances, T tokens.
A word's vector does not depend on its context, so it is computed once for each distinct word of a batch and gathered.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from polyparse.bounds import NOT_NEGATIVE, POSITIVE, SHARE, check_bounds
from polyparse.errors import ConfigError
from polyparse.text.vocabulary import PADDING, UNKNOWN

FILTER_WIDTHS = (2, 3, 4)
VECTOR_FILES = (".vec", ".bin")
START_SPREAD = 0.1  # standard deviation of the numbers of a randomly initialised word vector


@dataclass(frozen=True, kw_only=True)
class EmbedderConfig:
    """Sizes and initialisation. `character_filters` is the number of each width; 0 means no characters (AIN's "word only").

    `word_vectors`: "random", "fasttext" or "aligned" (both trained on the corpus, the latter on its translations), or the
    path of a .vec or .bin file. `word_dropout` is the share of known words that training replaces by the unknown word, so
    that its vector is trained.
    """

    word_size: int = 100
    character_size: int = 24
    character_filters: int = 40
    word_vectors: str = "random"
    freeze_words: bool = False
    word_dropout: float = 0.08
    min_word_count: int = 2
    min_character_count: int = 3

    def __post_init__(self) -> None:
        check_bounds(
            self,
            word_size=POSITIVE,
            character_size=POSITIVE,
            character_filters=NOT_NEGATIVE,
            word_dropout=SHARE,
            min_word_count=POSITIVE,
            min_character_count=POSITIVE,
        )
        if (
            self.word_vectors not in ("random", "fasttext", "aligned")
            and Path(self.word_vectors).suffix not in VECTOR_FILES
        ):
            raise ConfigError(
                f"word_vectors: found {self.word_vectors!r}, expected random, fasttext, aligned, or the path of a .vec or"
                " .bin file"
            )


class Embedder(nn.Module):
    """(word_ids_U, characters_UC, words_BT) -> embedded_BTE with E = word_size + 3 * character_filters."""

    def __init__(self, n_words: int, n_characters: int, config: EmbedderConfig) -> None:
        super().__init__()
        self.config = config
        self.words = nn.Embedding(n_words, config.word_size, padding_idx=PADDING)
        nn.init.normal_(self.words.weight, std=START_SPREAD)
        self.words.weight.data[PADDING] = 0.0
        self.words.weight.requires_grad_(not config.freeze_words)
        self.output_size = config.word_size + len(FILTER_WIDTHS) * config.character_filters
        if config.character_filters:
            self.characters = nn.Embedding(n_characters, config.character_size, padding_idx=PADDING)
            self.filters = nn.ModuleList(
                nn.Conv1d(config.character_size, config.character_filters, width) for width in FILTER_WIDTHS
            )

    @torch.no_grad()
    def start_from(self, rows_N: Tensor, vectors_NE: Tensor) -> None:
        """Initialise rows `rows_N` with these vectors; the other rows stay random, rescaled to the size of these vectors."""
        if len(rows_N):
            self.words.weight *= vectors_NE.square().mean().sqrt() / START_SPREAD
            self.words.weight[rows_N] = vectors_NE

    def forward(self, word_ids_U: Tensor, characters_UC: Tensor, words_BT: Tensor) -> Tensor:
        """Embed each distinct word once, then gather the vectors by token."""
        if self.training and self.config.word_dropout > 0:
            dropped_U = torch.rand(word_ids_U.shape) < self.config.word_dropout
            word_ids_U = torch.where(dropped_U & (word_ids_U != PADDING), UNKNOWN, word_ids_U)
        vectors_UE = self.words(word_ids_U)
        if self.config.character_filters:
            vectors_UE = torch.cat([vectors_UE, self._character_vectors(characters_UC)], dim=-1)
        return nn.functional.embedding(words_BT, vectors_UE)

    def _character_vectors(self, characters_UC: Tensor) -> Tensor:
        """Largest response of each filter over the positions of a word's characters, shape (U, 3N)."""
        inside_U1C = (characters_UC != PADDING).unsqueeze(1)
        letters_ULC = self.characters(characters_UC).transpose(1, 2)
        pooled = []
        for width, conv in zip(FILTER_WIDTHS, self.filters, strict=True):
            padded_ULC = nn.functional.pad(letters_ULC, (width // 2, width - 1 - width // 2))
            response_UNC = torch.relu(conv(padded_ULC)) * inside_U1C
            pooled.append(response_UNC.amax(dim=-1))
        return torch.cat(pooled, dim=-1)
