"""Other letters for the same words: without diacritics, in upper case, without any mark, Hindi in Latin letters."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from unicodedata import category, normalize

from polyparse.corpora.noise.edits import rewritten
from polyparse.corpora.noise.romanisation import draw_style, romanise
from polyparse.text.diacritics import without_diacritics

if TYPE_CHECKING:
    from random import Random

    from polyparse.corpora.example import Example


def diacritics_removed(example: Example, _random: Random) -> Example | None:
    """Latin letters without accents; Hindi without the dot below, and with anusvara in place of chandrabindu."""
    return None if example.text.isascii() else rewritten(example, _without_diacritics)


def upper_cased(example: Example, _random: Random) -> Example | None:
    """The whole text in upper case."""
    return rewritten(example, str.upper)


def marks_removed(example: Example, _random: Random) -> Example | None:
    """Hindi without all nonspacing marks (Unicode category Mn): the result of accent folding that was made for Latin."""
    return rewritten(example, _without_marks) if _DEVANAGARI.search(example.text) else None


def romanised(example: Example, random: Random) -> Example | None:
    """Hindi in Latin letters, as it is typed in chats."""
    if not _DEVANAGARI.search(example.text):
        return None
    style = draw_style(random)
    return rewritten(example, lambda text: romanise(text, style))


_DEVANAGARI = re.compile("[\u0900-\u097f]")
_without_diacritics = lru_cache(maxsize=1 << 14)(without_diacritics)


def _without_marks(text: str) -> str:
    return "".join(letter for letter in normalize("NFD", text) if category(letter) != "Mn")
