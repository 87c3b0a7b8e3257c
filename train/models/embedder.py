"""Word embedding: a vector of a table, what is known of the word from outside, and what a network reads in its characters.

The table has a row for each word that training knows. A word's fixed outside vector (`train.embeddings.outside`) is mapped
linearly and added to its row:

    w = table[word] + M outside[word]

Words that were added to the vocabulary have the row of the unknown word, and an outside vector of their own; w of all words
can be written down as one table. Characters are read by a CNN of three widths (Tan & Golovneva 2020, section 2; Kim 2014), a
biGRU (Yang, Salakhutdinov & Cohen 2017), or both.

Axes: U distinct words, C characters, E word vector, O outside vector, L character vector, N filters of one width or rows
that are given, V words of the vocabulary, G states of both directions, B utterances, T tokens.
A word's vector does not depend on its context, so it is computed once for each distinct word of a batch and gathered.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from polyparse.bounds import NOT_NEGATIVE, POSITIVE, SHARE, check_bounds
from polyparse.errors import ConfigError
from polyparse.text.case import MARKS
from polyparse.text.vocabulary import FIRST, PADDING, UNKNOWN
from train.models.recurrence import BiGRULayer, last_states

FILTER_WIDTHS = (2, 3, 4)
VECTOR_FILES = (".vec", ".bin")
START_SPREAD = 0.1  # standard deviation of the numbers of a randomly initialised word vector


@dataclass(frozen=True, kw_only=True)
class EmbedderConfig:
    """Sizes and initialisation. `character_filters` is the number of each width, `character_gru` the size of a direction.

    Without either of them no characters are read (AIN's "word only").

    `word_vectors`: "random", "fasttext" or "aligned" (both trained on the corpus, the latter on its translations), or the
    path of a .vec or .bin file. `word_dropout` is the share of known words that training replaces by the unknown word, so
    that its vector is trained. `case_size` is the size of the vector of a word's case (`polyparse.text.case`), which is read
    as the word's first character too; with 0, case is not read.
    """

    word_size: int = 100
    character_size: int = 24
    character_filters: int = 40
    character_gru: int = 0
    case_size: int = 0
    word_vectors: str = "random"
    freeze_words: bool = False
    word_dropout: float = 0.08
    min_word_count: int = 2
    min_character_count: int = 3
    outside_size: int = 0
    outside_words: int = 0
    outside_dropout: float = 0.3

    def __post_init__(self) -> None:
        check_bounds(
            self,
            word_size=POSITIVE,
            character_size=POSITIVE,
            character_filters=NOT_NEGATIVE,
            character_gru=NOT_NEGATIVE,
            case_size=NOT_NEGATIVE,
            word_dropout=SHARE,
            min_word_count=POSITIVE,
            min_character_count=POSITIVE,
            outside_size=NOT_NEGATIVE,
            outside_words=NOT_NEGATIVE,
            outside_dropout=SHARE,
        )
        if self.outside_words and not self.outside_size:
            raise ConfigError(
                f"outside_words: found {self.outside_words} without outside vectors, expected an outside_size with it"
            )
        if (
            self.word_vectors not in ("random", "fasttext", "aligned")
            and Path(self.word_vectors).suffix not in VECTOR_FILES
        ):
            raise ConfigError(
                f"word_vectors: found {self.word_vectors!r}, expected random, fasttext, aligned, or the path of a .vec or"
                " .bin file"
            )

    @property
    def reads_translations(self) -> bool:
        """Whether vectors of words are made with the help of translations."""
        return self.word_vectors == "aligned" or self.outside_size > 0


class CharacterGRU(nn.Module):
    """Layers of biGRU over the characters of a word: letters_UCL -> ends_UG, the states in which both directions end."""

    def __init__(self, input_size: int, size: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(BiGRULayer(each, size) for each in (input_size, 2 * size))

    def forward(self, letters_UCL: Tensor, characters_UC: Tensor) -> Tensor:
        """A word without characters is read as one padding character."""
        lengths_U = (characters_UC != PADDING).sum(dim=1).clamp(min=1)
        for layer in self.layers:
            letters_UCL = layer(letters_UCL, lengths_U)
        return last_states(letters_UCL, lengths_U)


class Embedder(nn.Module):
    """(word_ids_U, characters_UC, words_BT) -> embedded_BTE.

    E = word_size + case_size + 3 character_filters + 2 character_gru, in this order.
    """

    def __init__(self, n_words: int, n_characters: int, config: EmbedderConfig) -> None:
        super().__init__()
        self.config = config
        self.words = nn.Embedding(n_words - config.outside_words, config.word_size, padding_idx=PADDING)
        nn.init.normal_(self.words.weight, std=START_SPREAD)
        self.words.weight.data[PADDING] = 0.0
        self.words.weight.requires_grad_(not config.freeze_words)
        self.output_size = (
            config.word_size
            + config.case_size
            + len(FILTER_WIDTHS) * config.character_filters
            + 2 * config.character_gru
        )
        if config.case_size:
            self.cases = nn.Embedding(FIRST + len(MARKS), config.case_size, padding_idx=PADDING)
        if config.character_filters or config.character_gru:
            self.characters = nn.Embedding(n_characters, config.character_size, padding_idx=PADDING)
        if config.character_filters:
            self.filters = nn.ModuleList(
                nn.Conv1d(config.character_size, config.character_filters, width) for width in FILTER_WIDTHS
            )
        if config.character_gru:
            self.character_gru = CharacterGRU(config.character_size, config.character_gru)
        if config.outside_size:
            self.outside_map = nn.Linear(config.outside_size, config.word_size, bias=False)
            # halves: a run writes them several times at every epoch's end
            self.register_buffer("outside", torch.zeros(n_words, config.outside_size, dtype=torch.float16))

    @torch.no_grad()
    def start_from(self, rows_N: Tensor, vectors_NE: Tensor) -> None:
        """Initialise rows `rows_N` with these vectors; the other rows stay random, rescaled to the size of these vectors."""
        if len(rows_N):
            self.words.weight *= vectors_NE.square().mean().sqrt() / START_SPREAD
            self.words.weight[rows_N] = vectors_NE

    @torch.no_grad()
    def know_from_outside(self, rows_N: Tensor, vectors_NO: Tensor) -> None:
        """Give the words with ids `rows_N` these outside vectors; the others have none."""
        self.get_buffer("outside")[rows_N] = vectors_NO.to(torch.float16)

    def word_vectors(self) -> Tensor:
        """w of each word of the vocabulary, shape (V, word_size): one table that says all that is known of words."""
        if not self.config.outside_size:
            return self.words.weight
        outside_VO = self.get_buffer("outside")
        rows_V = self._rows(torch.arange(len(outside_VO), device=outside_VO.device))
        vectors_VE: Tensor = self.words(rows_V) + self.outside_map(outside_VO.float())
        return vectors_VE

    def forward(self, word_ids_U: Tensor, characters_UC: Tensor, words_BT: Tensor) -> Tensor:
        """Embed each distinct word once, then gather the vectors by token."""
        rows_U = self._rows(word_ids_U)
        if self.training and self.config.word_dropout > 0:
            dropped_U = torch.rand(rows_U.shape, device=rows_U.device) < self.config.word_dropout
            dropped_U &= rows_U != PADDING
            rows_U = torch.where(dropped_U, UNKNOWN, rows_U)
            if self.config.outside_size:
                lost_U = torch.rand(rows_U.shape, device=rows_U.device) < self.config.outside_dropout
                word_ids_U = torch.where(dropped_U & lost_U, UNKNOWN, word_ids_U)
        vectors_UE = self.words(rows_U)
        if self.config.outside_size:
            vectors_UE = vectors_UE + self.outside_map(self.get_buffer("outside")[word_ids_U].float())
        if self.config.case_size:
            vectors_UE = torch.cat([vectors_UE, self.cases(characters_UC[:, 0])], dim=-1)
        if self.config.character_filters:
            vectors_UE = torch.cat([vectors_UE, self._character_vectors(characters_UC)], dim=-1)
        if self.config.character_gru:
            ends_UG = self.character_gru(self.characters(characters_UC), characters_UC)
            vectors_UE = torch.cat([vectors_UE, ends_UG], dim=-1)
        return nn.functional.embedding(words_BT, vectors_UE)

    def _rows(self, word_ids_U: Tensor) -> Tensor:
        """The rows of the table: that of the unknown word for one that was added to the vocabulary."""
        if not self.config.outside_words:
            return word_ids_U
        return torch.where(word_ids_U < self.words.num_embeddings, word_ids_U, UNKNOWN)

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
