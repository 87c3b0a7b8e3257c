"""Numbers that a text names: every number up to `LAST` by its names, looked up the other way round.

Ambiguous words often mean something else: alone they count only before a unit, or where a number is expected.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import normalize

from polyparse.text.number_names import WORDS, names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LAST = 2199
_HINDI = str.maketrans({"\u093c": None, "\u0901": "\u0902"})
_WORD = re.compile(r"[^\s,;!?'’.\-]+(?:'clock)?")


class NamedNumber(NamedTuple):
    """The code points `[start, end)` of a text that name a number; `is_certain` where nothing else can be meant."""

    start: int
    end: int
    digits: str
    is_ordinal: bool
    is_certain: bool


def named_numbers(text: str, language: str) -> Iterator[NamedNumber]:
    """The numbers of the text in its order, each by its longest name; none in a language without words here."""
    if language not in WORDS:
        return
    words = list(_WORD.finditer(text))
    keys = [_folded(word[0]) for word in words]
    place = 0
    while place < len(words):
        end, digits, is_ordinal = _longest(keys, place, language)
        if end == place or text.startswith(("'", "’"), words[end - 1].end()):  # un'ora
            place += 1
            continue
        follows = keys[end] if end < len(keys) else ""
        certain = end > place + 1 or keys[place] not in _set(language, "ambiguous")
        yield NamedNumber(
            words[place].start(),
            words[end - 1].end(),
            digits,
            is_ordinal,
            certain or follows in _set(language, "units"),
        )
        place = end


def _folded(word: str) -> str:
    return normalize("NFC", normalize("NFD", word.lower()).translate(_HINDI))


@lru_cache(maxsize=16)
def _set(language: str, kind: str) -> frozenset[str]:
    return frozenset(_folded(word) for words in WORDS[language][kind] for word in words)


@lru_cache(maxsize=8)
def _numbers(language: str) -> Mapping[tuple[str, ...], tuple[int, bool]]:
    """Words of a name -> the number, and whether they name an ordinal."""
    found = {
        tuple(map(_folded, name.split())): (number, False)
        for number in range(LAST + 1)
        for name in names(number, language)
    }
    for place, words in enumerate(WORDS[language]["ordinals"], start=1):
        found.update(((_folded(word),), (place, True)) for word in words)
        if language == "en" and place < 10:
            found.update(
                {(ten, words[0]): (tens + place, True) for ten, tens in (("twenty", 20), ("thirty", 30))}
            )
    if language == "en":
        found["thirtieth",] = (30, True)
    return found


def _longest(keys: Sequence[str], place: int, language: str) -> tuple[int, str, bool]:
    """The end of the longest name from a place on, which is that place where there is none; the digits; an ordinal?"""
    numbers = _numbers(language)
    for end in range(min(len(keys), place + _LONGEST), place, -1):
        if (found := numbers.get(tuple(keys[place:end]))) is None:
            continue
        number, is_ordinal = found
        part = None
        if not is_ordinal and end + 1 < len(keys) and keys[end] in _set(language, "point"):
            part = numbers.get((keys[end + 1],))
        if part is not None and not part[1]:
            return end + 2, f"{number}{_POINTS[language]}{part[0]}", False
        return end, str(number), is_ordinal
    return place, "", False


_LONGEST = 8
_POINTS = {"en": ".", "es": ",", "it": ",", "hi": "."}
