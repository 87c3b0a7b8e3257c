"""The words of chunks of text, each made once and kept, within a bound of bytes: what came first makes room.

Bytes are those that Python's allocator gives out. Callers can send ever new words, the longest ones and in any script, and
a bound on entries would let a model take as much memory as they please.
"""

from __future__ import annotations

from itertools import islice
from sys import getsizeof
from threading import Lock
from typing import TYPE_CHECKING

from polyparse.text.case import case_mark
from polyparse.text.tokens import cut, pieces_with_marks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from polyparse.text.tokens import Token
    from polyparse.text.words import Word, Words

LONGEST = 64
"""Characters of a chunk or a word; longer ones hardly come again, and are not kept."""
SLOT_BYTES = 64
"""What an entry takes in a table beside its key and value, and what its objects are rounded up by."""
REFERENCE_BYTES = 8
TUPLE_BYTES = 56
"""Without its references."""
PLACE_BYTES = TUPLE_BYTES + 4 * REFERENCE_BYTES
"""Of (start, end, word), and of the reference to it."""
CHUNK_BYTES = SLOT_BYTES + TUPLE_BYTES
STRING_BYTES = 33
"""Of bytes, without the bytes themselves."""
WORD_BYTES = 88 + STRING_BYTES + TUPLE_BYTES + 32 + SLOT_BYTES
"""The object, a string of bytes, a tuple and a number, all of them empty."""
SHARE = 64
"""One in so many entries makes room at once: to find the first ones takes a walk over those that are gone already."""


class WordCache(dict[str, "Words"]):
    """Chunk -> its words, by `cache[chunk]`, which runs no Python for what is kept. Safe between threads.

    Words are kept by their tokens too, since many chunks have the same one ("seven", "Seven", "seven,"). A word counts
    once, for as long as a chunk or a token keeps it.
    """

    def __init__(self, make: Callable[[str], Word], *, max_bytes: int, case_marks: bool = False) -> None:
        """With `case_marks`, words are made of tokens behind the mark of the case in which they are written."""
        super().__init__()
        self._case_marks = case_marks
        self._make = make
        self._max_bytes = max_bytes
        self._words: dict[str, Word] = {}
        self._lock = Lock()
        self.bytes = 0
        self.misses = 0

    def __missing__(self, chunk: str) -> Words:
        words = self.of_chunk(chunk)
        with self._lock:
            if chunk not in self:  # Another thread may have been as quick.
                self[chunk] = words
                self.bytes += _bytes_of_chunk(chunk, words)
                for _, _, word in words:
                    self._hold(word)
                self._make_room()
        return words

    def of_chunk(self, chunk: str) -> Words:
        """The words of a chunk that is not kept."""
        self.misses += 1
        return self._look_up(cut(chunk), chunk)

    def of_marks(self, chunk: str) -> Words:
        """The words of a chunk in which every mark is one; it is not kept."""
        return self._look_up(pieces_with_marks(chunk), chunk)

    def of_tokens(self, tokens: Iterable[Token]) -> list[Word]:
        """The words of a text that is cut already."""
        return [self._word(token.text) for token in tokens]

    def of_word(self, word: str) -> Word:
        """The word of a normalised word that stands in no text."""
        return self._word(case_mark(word) + word if self._case_marks else word)

    def chunks(self) -> list[str]:
        """The chunks that are kept, the first one first."""
        with self._lock:
            return list(self)

    def tokens(self) -> int:
        """How many words are kept by their tokens."""
        return len(self._words)

    def _look_up(self, tokens: Sequence[Token], chunk: str) -> Words:
        if self._case_marks:
            return tuple(
                (start, end, self._word(case_mark(chunk[start:end]) + text)) for text, start, end in tokens
            )
        # A token that is the whole chunk is kept as the same string.
        return tuple(
            (start, end, self._word(chunk if text == chunk else text)) for text, start, end in tokens
        )

    def _word(self, text: str) -> Word:
        word = self._words.get(text)
        if word is None:
            word = self._make(text)
            if len(text) <= LONGEST:
                word = self._keep(text, word)
        return word

    def _keep(self, text: str, word: Word) -> Word:
        """Keep a word by its token; returns the one that another thread has kept before."""
        with self._lock:
            if (kept := self._words.get(text)) is not None:
                return kept
            self._words[text] = word
            self.bytes += _bytes_of_token(text)
            self._hold(word)
            self._make_room()
        return word

    def _hold(self, word: Word) -> None:
        word.holders += 1
        if word.holders == 1:
            self.bytes += _bytes_of_word(word)

    def _let_go(self, word: Word) -> None:
        word.holders -= 1
        if not word.holders:
            self.bytes -= _bytes_of_word(word)

    def _make_room(self) -> None:
        """Drop the first chunks and tokens until the rest is within the bound."""
        while self.bytes > self._max_bytes and (self or self._words):
            for chunk in list(islice(self, 1 + len(self) // SHARE)):
                words = self.pop(chunk)
                self.bytes -= _bytes_of_chunk(chunk, words)
                for _, _, word in words:
                    self._let_go(word)
            for text in list(islice(self._words, 1 + len(self._words) // SHARE)):
                self.bytes -= _bytes_of_token(text)
                self._let_go(self._words.pop(text))


def _bytes_of_chunk(chunk: str, words: Words) -> int:
    return CHUNK_BYTES + getsizeof(chunk) + PLACE_BYTES * len(words)


def _bytes_of_token(text: str) -> int:
    return SLOT_BYTES + getsizeof(text)


def _bytes_of_word(word: Word) -> int:
    """Those of the object and of what is its own; ids of features are the table's."""
    references = len(word.feature_ids) + len(word.token_feature_ids)
    second_tuple = TUPLE_BYTES if word.token_feature_ids else 0  # the empty one is everybody's
    language = STRING_BYTES + len(word.language) if word.language else 0  # nor is the empty string its own
    return WORD_BYTES + len(word.characters) + REFERENCE_BYTES * references + second_tuple + language
