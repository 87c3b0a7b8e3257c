"""A keyboard typo: one slip of a finger in one word. The longer a word, the likelier it gets the typo.

Devanagari is typed as its code points on InScript, so that a vowel's mark is lost, doubled or swapped like any letter.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from unicodedata import normalize

from polyparse.corpora.noise.edits import replaced
from polyparse.corpora.noise.keyboard import keys_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    from polyparse.corpora.example import Example

WORD = re.compile(r"\S{3,}")
"""Words that may get a typo; shorter ones could not be recognised any more."""


def typo(example: Example, random: Random) -> Example | None:
    """A neighbouring key, a key not pressed, two keys swapped, or one pressed twice, each with the same probability."""
    keys = keys_of(example.locale)
    text = example.text
    places = [
        place
        for word in WORD.finditer(text)
        for place in range(word.start(), word.end())
        if _base(text[place], keys) in keys
    ]
    if not places:
        return None
    place = random.choice(places)
    slip = random.choice(_SLIPS)
    length, typed = slip(example, place) or (1, _neighbouring(text[place], keys, random))
    return replaced(example, place, place + length, typed)


def _neighbouring(letter: str, keys: Mapping[str, str], random: Random) -> str:
    other = random.choice(keys[_base(letter, keys)])
    return other.upper() if letter.isupper() else other


def _base(letter: str, keys: Mapping[str, str]) -> str:
    """The key of a letter: its own, or that of the letter under its accent."""
    small = letter.lower()
    return small if small in keys else normalize("NFD", small)[0]


_Slip = tuple[int, str] | None
"""How many letters go, and what is typed in their place; None where that slip is not possible there."""


def _substituted(_example: Example, _place: int) -> _Slip:
    return None


def _left_out(example: Example, place: int) -> _Slip:
    # a slot of one letter would be gone
    return None if any(span.start == place == span.end - 1 for span in example.slots) else (1, "")


def _swapped(example: Example, place: int) -> _Slip:
    first, second = example.text[place], example.text[place + 1 : place + 2]
    at_edge = any(place + 1 in (span.start, span.end) for span in example.slots)
    return None if at_edge or first == second or not second.strip() else (2, second + first)


def _doubled(example: Example, place: int) -> _Slip:
    return 1, example.text[place] * 2


_SLIPS: tuple[Callable[[Example, int], _Slip], ...] = (_substituted, _left_out, _swapped, _doubled)
