"""Text without its diacritics, as people type it who leave them out."""

from __future__ import annotations

from unicodedata import normalize

_HINDI = str.maketrans({"\u093c": None, "\u0901": "\u0902"})


def without_accents(text: str) -> str:
    """The text decomposed (NFD), without the accents of alphabets; signs of other scripts stay."""
    if text.isascii():
        return text
    return "".join(letter for letter in normalize("NFD", text) if not "\u0300" <= letter <= "\u036f")


def without_diacritics(text: str) -> str:
    """The text composed (NFC), without accents; Hindi without nukta, and with anusvara for chandrabindu."""
    return normalize("NFC", without_accents(text).translate(_HINDI))
