"""What numbers are called: every number up to `LAST` by its names, looked up the other way round to find them in a text.

The words stand in `number_names.txt`: small numbers from 0 on, tens from 20 on, hundreds where they have words of their own;
`/` stands between words for the same number. Ambiguous words often mean something else: alone they count only before a unit,
or where a number is expected.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from itertools import product
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import normalize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

LAST = 2199
WORDS: dict[str, dict[str, list[list[str]]]] = {}
"""Language -> kind -> for each place its words."""
for _line in files(__package__).joinpath("number_names.txt").read_text(encoding="utf-8").splitlines():
    _language, _kind, *_places = _line.split()
    WORDS.setdefault(_language, {})[_kind] = [place.split("/") for place in _places]
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


def names(number: int, language: str) -> list[str]:
    """All names of a number from 0 to LAST, the words with a space between."""
    if number < 100:
        return list(_below_100(number, language))
    size = 1000 if number >= 1000 else 100
    head, rest = divmod(number, size)
    ends = names(rest, language) if rest else [""]
    found = [
        join(first, end)
        for first in _large(head, size, language)
        for end in ends
        for join in _JOINS[language]
    ]
    if language == "en" and 1900 <= number < 2100 and number % 100 >= 10:  # a year
        pairs = product(_below_100(number // 100, language), _below_100(number % 100, language))
        found += [f"{first} {last}" for first, last in pairs]
    return list(dict.fromkeys(name.strip() for name in found))


def _below_100(number: int, language: str) -> Iterable[str]:
    small = WORDS[language]["small"]
    if number < len(small):
        yield from small[number]
    if number < 20 or language == "hi" or (number < len(small) and number % 10 == 0):
        return
    tens, unit = WORDS[language]["tens"][number // 10 - 2], number % 10
    if unit == 0:
        yield from tens
    for ten, word in product(tens, small[unit] if unit else ()):
        if language == "it":
            yield (ten[:-1] if word[0] in "uo" else ten) + word.replace("tre", "tré")
            yield (ten[:-1] if word[0] in "uo" else ten) + word
        else:
            yield f"{ten} y {word}" if language == "es" else f"{ten} {word}"


def _large(head: int, size: int, language: str) -> list[str]:
    """Names of `head` times `size`, which is 100 or 1000."""
    if size == 100 and "hundreds" in WORDS[language]:
        return WORDS[language]["hundreds"][head - 1]
    one, many = _SIZES[language][size]
    if head == 1 and one:
        return [one, f"एक {one}"] if language == "hi" else [one]
    space = "" if language == "it" else " "
    return [f"{name}{space}{many}" for name in _below_100(head, language)]


_SIZES: Mapping[str, Mapping[int, tuple[str, str]]] = {
    "en": {100: ("", "hundred"), 1000: ("", "thousand")},
    "es": {1000: ("mil", "mil")},
    "it": {100: ("cento", "cento"), 1000: ("mille", "mila")},
    "hi": {100: ("सौ", "सौ"), 1000: ("हज़ार", "हज़ार")},
}


def _apart(first: str, rest: str) -> str:
    return f"{first} {rest}"


def _with_and(first: str, rest: str) -> str:
    return f"{first} and {rest}" if rest else first


def _together(first: str, rest: str) -> str:
    return first + rest


_JOINS = {"en": (_apart, _with_and), "es": (_apart,), "it": (_together,), "hi": (_apart,)}


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
