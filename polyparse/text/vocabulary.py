"""Vocabularies: words and characters to rows of the embedding tables."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from polyparse.errors import ConfigError
from polyparse.schema import structure

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PADDING, UNKNOWN = 0, 1
FIRST = 2  # rows before this one are padding and unknown


@dataclass(frozen=True)
class Vocabulary:
    """`words[i]` has row i + FIRST, and so has `characters[i]`; `word_counts` says how often training saw each word."""

    words: tuple[str, ...]
    characters: str

    @property
    def n_rows(self) -> int:
        """Rows of a table of words: the known words', padding's and that of the unknown."""
        return FIRST + len(self.words)

    @cached_property
    def word_rows(self) -> dict[str, int]:
        """Row of each known word."""
        return {word: row for row, word in enumerate(self.words, start=FIRST)}

    @cached_property
    def character_rows(self) -> dict[str, int]:
        """Row of each known character."""
        return {character: row for row, character in enumerate(self.characters, start=FIRST)}

    @classmethod
    def build(
        cls, words: Iterable[str], *, min_word_count: int = 1, min_character_count: int = 3
    ) -> Vocabulary:
        """From the tokens of a corpus, the most frequent first (ties in code point order)."""
        counts = Counter(words)
        characters: Counter[str] = Counter()
        for word, count in counts.items():
            for character in word:
                characters[character] += count
        return cls(
            words=tuple(w for w, n in _by_frequency(counts) if n >= min_word_count),
            characters="".join(c for c, n in _by_frequency(characters) if n >= min_character_count),
        )

    def save(self, path: Path) -> None:
        """Write as JSON."""
        data = {"words": self.words, "characters": self.characters}
        path.write_text(json.dumps(data, ensure_ascii=False, indent=0), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        """Read what `save` wrote; raises ConfigError for anything else."""
        try:
            data = json.loads(path.read_bytes())
        except ValueError as error:
            raise ConfigError(f"{path}: found no JSON ({error}), expected a vocabulary") from error
        return structure(cls, data, where=str(path))


def _by_frequency(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
