"""Numbers as a speech recogniser writes them: "wake me at five thirty p. m." -> "wake me at 5:30 pm", or glued, "5:30pm".

A slot keeps what it says, and so does the text between slots: a number and its unit on two sides of a slot's edge are not
written as one. The tables are apart from those of augmentation, so that no model which learnt from that judges itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.contract.locales import language_of
from polyparse.corpora.noise.spoken_numbers import spoken_numbers
from polyparse.corpora.noise.written_formats import CLOCK, DATE, GLUED, JOINED, SPACED
from polyparse.corpora.pieces import formatted, rewritten_by_slot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

    from polyparse.corpora.example import Example
    from polyparse.corpora.pieces import Format

NUMBER_SLOTS = CLOCK | DATE | {"general_frequency", "change_amount", "radio_name"}
"""In these an ambiguous word is a number; elsewhere only beside others, or before a unit."""
NATIVE = 3
"""One Hindi utterance in so many has its digits in Devanagari."""


_SUFFIXES: Mapping[str, Sequence[str]] = {"es": ("º", ".º", ""), "it": ("°", ""), "hi": ("",)}
"""After the digits of an ordinal; English has its own for each number, and some Hindi words too."""
_ENGLISH_SUFFIXES = {1: "st", 2: "nd", 3: "rd"}
_DEVANAGARI = str.maketrans("0123456789", "०१२३४५६७८९")


def written(example: Example, random: Random) -> Example | None:
    """Numbers in digits, a space before a unit's letters; None where the text says no number."""
    return _written(example, random, SPACED)[0]


def glued(example: Example, random: Random) -> Example | None:
    """As `written`, units glued to their numbers; None where no number has a unit beside it."""
    noisy, count = _written(example, random, GLUED)
    return noisy if count else None


def _written(
    example: Example, random: Random, formats: Mapping[str, Sequence[Format]]
) -> tuple[Example | None, int]:
    """The example in digits, None where nothing changes, and how many of the formats' patterns it has."""
    language = language_of(example.locale)
    if language not in formats:
        return None, 0
    suffix = random.choice(_SUFFIXES.get(language, ("",)))
    native = language == "hi" and random.randrange(NATIVE) == 0
    found = 0

    def rewrite(piece: str, slot: str | None) -> str:
        nonlocal found
        text = _in_digits(piece, slot, language, suffix)
        if text == piece:
            return piece
        text, _ = formatted(text, slot, JOINED[language], random)
        text, count = formatted(text, slot, formats[language], random)
        found += count
        return text.translate(_DEVANAGARI) if native else text

    return rewritten_by_slot(example, rewrite), found


def _in_digits(piece: str, slot: str | None, language: str, suffix: str) -> str:
    text, end = "", 0
    for number in spoken_numbers(piece, language):
        if number.is_ambiguous and not (number.unit or slot in (DATE if number.is_ordinal else NUMBER_SLOTS)):
            continue
        text += piece[end : number.start] + number.digits
        if number.is_ordinal:
            text += _english_suffix(int(number.digits)) if language == "en" else number.suffix or suffix
        end = number.end
    return text + piece[end:]


def _english_suffix(value: int) -> str:
    return "th" if value % 100 in {11, 12, 13} else _ENGLISH_SUFFIXES.get(value % 10, "th")
