"""Keyboards: which keys a finger hits in place of the one that it aims at.

A layout is drawn as it lies on the desk: three rows of keys, each shifted against the one above. InScript is the layout
of India's standard (IS 13194): marks of vowels on the left hand, consonants on the right, and a letter's relative, the
aspirated consonant or the vowel that stands alone, on the same key with shift.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from polyparse.contract.locales import language_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROW_SHIFTS = (0.0, 0.25, 0.75)
"""How far the first key of each row lies to the right of the top row's, in widths of a key."""

_QWERTY = (("q w e r t y u i o p", "a s d f g h j k l", "z x c v b n m"),)
_SPANISH = (("q w e r t y u i o p", "a s d f g h j k l ñ", "z x c v b n m"),)
_ITALIAN = (("q w e r t y u i o p è", "a s d f g h j k l ò à ù", "z x c v b n m"),)
_INSCRIPT = (
    (
        "\u094c \u0948 \u093e \u0940 \u0942 ब ह ग द ज ड \u093c",
        "\u094b \u0947 \u094d \u093f \u0941 प र क त च ट",
        "\u0946 \u0902 म न व ल स - - य",
    ),
    ("औ ऐ आ ई ऊ भ ङ घ ध झ ढ ञ", "ओ ए अ इ उ फ ऱ ख थ छ ठ", "ऎ \u0901 ण ऩ ऴ ळ श ष - -"),
)


_NO_LETTER = "-"
"""Stands for a key without a letter."""


class _Place(NamedTuple):
    layer: int
    row: int
    x: float  # in widths of a key


def neighbours(layers: Sequence[Sequence[str]]) -> dict[str, str]:
    """Letter -> the letters of the keys around its own, and the other one of its own key where that has two."""
    places = {
        _Place(layer, row, ROW_SHIFTS[row] + column): key
        for layer, rows in enumerate(layers)
        for row, keys in enumerate(rows)
        for column, key in enumerate(keys.split())
        if key != _NO_LETTER
    }
    near: defaultdict[str, str] = defaultdict(str)
    for place, key in places.items():
        for other_place, other in places.items():
            if key != other and _is_near(place, other_place):
                near[key] += other
    return dict(near)


def _is_near(place: _Place, other: _Place) -> bool:
    distance = abs(place.x - other.x)
    if place.layer != other.layer:
        return place.row == other.row and distance == 0
    return distance <= (1.0, 0.75, -1.0)[abs(place.row - other.row)]


_DEVANAGARI = neighbours(_INSCRIPT)
KEYS: Mapping[str, Mapping[str, str]] = {
    language: neighbours(layout) | _DEVANAGARI
    for language, layout in (("en", _QWERTY), ("es", _SPANISH), ("it", _ITALIAN))
}


def keys_of(locale: str) -> Mapping[str, str]:
    """Letter -> its neighbours on the keyboards of a locale; English ones where a language has none of its own."""
    return KEYS.get(language_of(locale), KEYS["en"])
