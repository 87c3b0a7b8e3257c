"""Marks are not words: for each kind of mark, the contexts in which it is kept as a token; in all others it is a boundary.

A mark that is no token is in no slot's value unless words on both its sides are. A run of marks has one context: that of
what stands on either side of the whole run in its chunk. Apostrophes inside words, numbers such as 7:30, abbreviations,
addresses and dotted letters ("t. v.") are cut before: no table need say what they are.
"""

from __future__ import annotations

import unicodedata
from enum import Flag, auto
from typing import NamedTuple


class Context(Flag):
    """Where a run of marks stands in its chunk."""

    INSIDE = auto()  # a letter or digit on both sides
    BEFORE_LETTER = auto()
    BEFORE_DIGIT = auto()
    AFTER_LETTER = auto()  # of a word of several letters
    AFTER_INITIAL = auto()  # after a word of one letter
    AFTER_DIGIT = auto()
    ALONE = auto()  # no letter or digit in the chunk


class Mark(NamedTuple):
    """A kind of mark, named by its first character: its characters, where it is kept, and why."""

    characters: str
    kept: Context
    reason: str


NOWHERE = Context(0)
AT_DIGIT = Context.BEFORE_DIGIT | Context.AFTER_DIGIT

MARKS = (
    Mark(".", Context.BEFORE_DIGIT, "ends a sentence; .5 is a number"),
    Mark(",", NOWHERE, "parts phrases; 1,000 is a number, cut before"),
    Mark(":", NOWHERE, "parts phrases; 7:30 is a number, cut before"),
    Mark("!?¡¿;…·•⋅⋯", NOWHERE, "ends or opens a sentence"),
    Mark("([{<>}])", NOWHERE, "encloses words"),
    Mark('"', NOWHERE, "quotes words"),
    Mark(
        "'",
        Context.INSIDE,
        "quotes words at their edge; 5'10 is a measure, elisions and clitics are cut before",
    ),
    Mark(
        "-",
        Context.INSIDE | Context.BEFORE_DIGIT,
        "joins words (9-to-5), signs numbers (-5), and else parts phrases",
    ),
    Mark("/\\|⁄∕", Context.INSIDE, "joins words and numbers: 24/7, and/or"),
    Mark("&", Context.INSIDE | Context.ALONE, "is a word, but alone at an edge of a text: AT&T, rock & roll"),
    Mark("@", Context.INSIDE, "joins words; addresses are cut before"),
    Mark(
        "#♯",
        Context.BEFORE_DIGIT | Context.AFTER_INITIAL,
        "means a number, #1, or a note, c#; else it tags words",
    ),
    Mark("*_~^=", Context.INSIDE, "is markup at the edge of words, and joins them inside: snake_case, 5*3"),
    Mark("%‰°℃℉", Context.INSIDE | Context.AFTER_DIGIT | Context.ALONE, "is a unit: 50%, 20 °"),
    Mark("$", ~Context.AFTER_LETTER, "is a unit: $10, 5 €; or a letter: ke$ha"),
    Mark("+", ~Context.BEFORE_LETTER, "is a word, but alone at an edge of a text: 2 + 2, c++, disney+"),
    Mark("×÷±≈≠≤≥√∞", Context.INSIDE | AT_DIGIT | Context.ALONE, "is a word of sums: 7 × 5, ±2"),
)
"""Sentence, enclosure, joint, symbol, in this order. A pictogram or an arrow is kept nowhere."""

PICTOGRAM = "S"
_BY_CATEGORY = {
    "Ps": "(",
    "Pe": "(",
    "Pi": '"',
    "Pf": '"',
    "Pd": "-",
    "Pc": "*",
    "Po": "!",
    "Sc": "$",
    "Sk": "*",
}
_KIND = {character: mark.characters[0] for mark in MARKS for character in mark.characters}
_KEPT = {mark.characters[0]: mark.kept for mark in MARKS}

KINDS = "".join(_KEPT)
"""The letters of all kinds but PICTOGRAM."""


def kind_of(folded: str, char: str) -> str:
    """The kind of a mark: by itself or what it is folded to where the table has that, else by its Unicode category."""
    kind = _KIND.get(folded) or _KIND.get(char)
    return kind or _BY_CATEGORY.get(unicodedata.category(char), PICTOGRAM)


def is_kept(kind: str, context: Context) -> bool:
    """Whether a mark of a kind is a token in a context."""
    return bool(_KEPT.get(kind, NOWHERE) & context)
