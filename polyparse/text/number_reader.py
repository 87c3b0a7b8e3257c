"""Numbers looked up by the words that say them: a model that has learnt from speech knows "seven", and not "7".

Of several ways to say a number the one with the fewest words is taken, of these one that training saw beside the
words around ("una hora"), then the one whose words training saw most often. A token that the vocabulary has is looked up as
it is, but for signs such as "x" and "h" beside a number.

The language is the caller's; without one, the one in which training has the most pairs of a word of numbers, which no other
language has, and a word of the text. Where that tells nothing, digits stay.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from functools import lru_cache, partial
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

from polyparse.contract.locales import language_of
from polyparse.text.features import BOUNDARY, pair_hash, word_hash
from polyparse.text.number_names import WORDS, names
from polyparse.text.number_words import ways
from polyparse.text.tokens import normalise
from polyparse.text.unit_names import NAMES
from polyparse.text.written_numbers import written_numbers

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from polyparse.text.number_words import Piece
    from polyparse.text.vocabulary import Vocabulary
    from polyparse.text.written_numbers import SaidPart

DIGIT = re.compile(r"\d")
SMALL = 20
"""The words of numbers below this one show a language, as do those of units and months."""
KEPT = 2048
"""So many words are kept with what they show, and so many things with how they are said; an entry takes up to a kilobyte."""


class SaidNumber(NamedTuple):
    """What the tokens `[first, end)` are looked up by: words, of which each stands at the place of those tokens."""

    first: int
    end: int
    words: tuple[str, ...]


class Way(NamedTuple):
    """A way to say something: its words, the hashes of the first and the last one, the rank of the rarest."""

    words: tuple[str, ...]
    first: int
    last: int
    rank: int


class NumberReader:
    """Reads numbers under one vocabulary. Safe to share between threads."""

    def __init__(self, vocabulary: Vocabulary, pairs: Container[int], locales: Sequence[str]) -> None:
        """`pairs` are hashes of adjacent words that training saw; `locales` those that are served."""
        self._ranks = vocabulary.word_ids  # the words most often seen have the lowest
        self._unknown = vocabulary.size
        self._pairs = pairs
        languages = [language for language in dict.fromkeys(map(language_of, locales)) if language in NAMES]
        owners = Counter(word for language in languages for word in _words_of_numbers(language))
        self._own = {
            language: [word_hash(word) for word in _words_of_numbers(language) if owners[word] == 1]
            for language in languages
        }
        self._counts = lru_cache(maxsize=KEPT)(partial(_counted, pairs, list(self._own.values())))
        self._ways = lru_cache(maxsize=KEPT)(partial(_ways_of, self._ranks, self._unknown))

    def readings(
        self, text: str, locale: str | None, starts: Sequence[int], ends: Sequence[int], hashes: Sequence[int]
    ) -> Iterator[SaidNumber]:
        """The readings of a text in their order; the sequences are its tokens' offsets and `word_hash`es."""
        language = language_of(locale) if locale else self._language_beside(text, starts, ends, hashes)
        if language not in self._own:
            return
        for parts in written_numbers(text, language, self._knows):
            places = [_tokens_of(part, starts, ends) for part in parts]
            if not all(places):  # A part ends inside a token: a telephone's number, an address.
                continue
            spans = [place for place in places if place]
            after = hashes[spans[-1][1]] if spans[-1][1] < len(hashes) else BOUNDARY
            before = hashes[spans[0][0] - 1] if spans[0][0] else BOUNDARY
            said = self._said(parts, before, after)
            for part, words, (first, end) in zip(parts, said, spans, strict=True):
                is_whole = starts[first] == part.start  # A mark that is no token may stand before: °C.
                is_known = all(self._knows(text[starts[token] : ends[token]]) for token in range(first, end))
                if part.is_sign or not is_whole or not is_known:
                    yield SaidNumber(first, end, words)

    def _knows(self, written: str) -> bool:
        return normalise(written) in self._ranks

    def _said(self, parts: Sequence[SaidPart], before: int, after: int) -> list[tuple[str, ...]]:
        """The words of each part, every piece in the way that training knows best between the hashes of two words."""
        pieces = [self._ways(piece) for part in parts for piece in part.pieces]
        afters = [*(options[0].first for options in pieces[1:]), after]
        said: list[tuple[str, ...]] = []
        for options, behind in zip(pieces, afters, strict=True):
            way = min(options, key=partial(self._cost, before=before, after=behind))
            said.append(way.words)
            before = way.last
        remaining = iter(said)
        return [tuple(chain.from_iterable(islice(remaining, len(part.pieces)))) for part in parts]

    def _cost(self, way: Way, *, before: int, after: int) -> tuple[bool, int, int, int]:
        is_new = (
            pair not in self._pairs for pair in (pair_hash(before, way.first), pair_hash(way.last, after))
        )
        return way.rank == self._unknown, len(way.words), sum(is_new), way.rank

    def _language_beside(
        self, text: str, starts: Sequence[int], ends: Sequence[int], hashes: Sequence[int]
    ) -> str:
        """The language whose words of numbers training saw most often beside the text's words; "" for none."""
        words = [h for h, *at in zip(hashes, starts, ends, strict=True) if not DIGIT.search(text, *at)]
        seen = dict(zip(self._own, map(sum, zip(*map(self._counts, words), strict=True)), strict=False))
        most = max(seen.values(), default=0)
        best = [language for language, count in seen.items() if count == most]
        return best[0] if most and len(best) == 1 else ""


def _ways_of(ranks: Mapping[str, int], unknown: int, piece: Piece) -> tuple[Way, ...]:
    options = [tuple(normalise(option).split()) for option in piece]
    return tuple(
        Way(words, word_hash(words[0]), word_hash(words[-1]), max(ranks.get(word, unknown) for word in words))
        for words in options
    )


def _counted(pairs: Container[int], owned: Sequence[Sequence[int]], word: int) -> tuple[int, ...]:
    """For each language, how many pairs of a word and one of its words of numbers, in either order, training saw."""
    return tuple(
        sum((pair_hash(word, own) in pairs) + (pair_hash(own, word) in pairs) for own in words)
        for words in owned
    )


def _words_of_numbers(language: str) -> set[str]:
    """Small numbers, units and months, those of one word."""
    said = [
        *(name for number in range(SMALL) for name in names(number, language)),
        *(option for unit in NAMES[language].units.values() for piece in unit for option in ways(piece)),
        *(name for month in WORDS[language]["months"] for name in month),
    ]
    return {normalise(option) for option in said if " " not in option}


def _tokens_of(part: SaidPart, starts: Sequence[int], ends: Sequence[int]) -> tuple[int, int] | None:
    """The tokens of a part; None where there are none, or where one of them goes on outside."""
    first, end = bisect_right(ends, part.start), bisect_left(starts, part.end)
    if first >= end or starts[first] < part.start or ends[end - 1] > part.end:
        return None
    return first, end
