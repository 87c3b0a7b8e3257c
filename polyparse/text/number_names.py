"""What numbers are called: every number by its names, in each language.

The words stand in `number_names.txt`: small numbers from 0 on, tens from 20 on, hundreds where they have words of their own;
`/` stands between words for the same number, and `_` for a blank. Ambiguous words often mean something else. Months and
places, which are ordinals, count from the first; those under `ordinals` are the ones that training text is written with.
"""

from __future__ import annotations

from importlib.resources import files
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LAST = 99_999
"""The last number that has names here."""
WORDS: dict[str, dict[str, list[list[str]]]] = {}
"""Language -> kind -> for each place its words."""
for _line in files(__package__).joinpath("number_names.txt").read_text(encoding="utf-8").splitlines():
    _language, _kind, *_places = _line.split()
    WORDS.setdefault(_language, {})[_kind] = [place.replace("_", " ").split("/") for place in _places]


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
