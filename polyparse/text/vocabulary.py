"""Vocabularies: words and characters to ids, which are rows of the embedding tables."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING
from unicodedata import normalize

from polyparse.errors import ConfigError
from polyparse.schema import read_json
from polyparse.text.addresses import spelling
from polyparse.text.case import MARKS
from polyparse.text.diacritics import without_accents

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

PADDING, UNKNOWN = 0, 1
FIRST = 2  # ids before this one are padding and unknown


@dataclass(frozen=True)
class Vocabulary:
    """`words[i]` has id i + FIRST, and so has `characters[i]`.

    With `case_marks`, the first characters are `polyparse.text.case.MARKS`, one of which stands before those of each word.
    """

    words: tuple[str, ...]
    characters: str
    case_marks: bool = False

    @property
    def size(self) -> int:
        """The number of word ids: those of the known words, of padding and of unknown words."""
        return FIRST + len(self.words)

    @cached_property
    def word_ids(self) -> dict[str, int]:
        """Known word -> its row of the word table."""
        return {word: word_id for word_id, word in enumerate(self.words, start=FIRST)}

    @cached_property
    def character_ids(self) -> dict[str, int]:
        """Known character -> its row of the character table."""
        return {
            character: character_id for character_id, character in enumerate(self.characters, start=FIRST)
        }

    @cached_property
    def marked_words(self) -> dict[str, str]:
        """What is left of a known word without its accents and apostrophes, where that is no known word -> the word.

        Of several, the most frequent one.
        """
        marked = (word for word in reversed(self.words) if not word.isascii() or "'" in word)
        bare = ((without_marks(word), word) for word in marked)
        return {left: word for left, word in bare if left and left not in self.word_ids}

    @classmethod
    def build(
        cls,
        words: Iterable[str],
        *,
        min_word_count: int = 1,
        min_character_count: int = 3,
        case_marks: bool = False,
    ) -> Vocabulary:
        """From the tokens of a corpus, the most frequent first (ties in code point order)."""
        return cls.of_counts(
            Counter(words),
            min_word_count=min_word_count,
            min_character_count=min_character_count,
            case_marks=case_marks,
        )

    @classmethod
    def of_counts(
        cls,
        counts: Mapping[str, int],
        *,
        min_word_count: int = 1,
        min_character_count: int = 3,
        case_marks: bool = False,
    ) -> Vocabulary:
        """From how often each word occurs, the most frequent first (ties in code point order)."""
        characters: Counter[str] = Counter()
        for word, count in counts.items():
            for character in spelling(word):
                characters[character] += count
        return cls(
            words=tuple(w for w, n in _by_frequency(counts) if n >= min_word_count),
            characters=(MARKS if case_marks else "")
            + "".join(c for c, n in _by_frequency(characters) if n >= min_character_count),
            case_marks=case_marks,
        )

    def joined(self, other: Vocabulary) -> Vocabulary:
        """These words and characters, then those of the other that are not among them.

        Raises:
            ConfigError: one of them has marks of case and the other has not.
        """
        if self.case_marks != other.case_marks:
            raise ConfigError(
                f"case marks: found {other.case_marks}, expected {self.case_marks} as in the start"
            )
        return Vocabulary(
            words=tuple(dict.fromkeys(self.words + other.words)),
            characters="".join(dict.fromkeys(self.characters + other.characters)),
            case_marks=self.case_marks,
        )

    def save(self, path: Path) -> None:
        """Write as JSON."""
        data: dict[str, object] = {"words": self.words, "characters": self.characters}
        if self.case_marks:
            data["case_marks"] = True
        path.write_text(json.dumps(data, ensure_ascii=False, indent=0), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        """Read what `save` wrote, slice by slice; raises ConfigError for anything else."""
        content = path.read_bytes()
        words, rest = _words(content)
        read = read_json(cls, rest, where=str(path))
        return replace(read, words=tuple(words)) if words else read


def without_marks(word: str) -> str:
    """The word without apostrophes, and without the accents of an alphabet; signs of other scripts stay."""
    return normalize("NFC", without_accents(word.replace("'", "")))


def _words(content: bytes) -> tuple[list[str], bytes]:
    """The words, and the JSON without them; none, and all of it, where the words do not stand in lines of their own.

    Read at once, the words of many languages would hold Python's lock, and so all of a service that loads a vocabulary
    beside its work, for a third of a second.
    """
    if not content.startswith(_HEAD) or (end := content.find(b"\n]")) < 0:
        return [], content
    words: list[str] = []
    start = len(_HEAD)
    while start < end:
        stop = content.find(b",\n", min(start + _SLICE, end), end)
        stop = end if stop < 0 else stop
        try:
            slice_ = json.loads(f"[{content[start:stop].decode()}]")
        except ValueError:
            return [], content
        if b"\\u" in content[start:stop] or not set(map(type, slice_)) <= {str}:
            return [], content  # An escape may be half of a character.
        words += slice_
        start = stop + 1
    return words, _HEAD + content[end:]


_HEAD = b'{\n"words": [\n'
_SLICE = 16_384  # bytes


def _by_frequency(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
