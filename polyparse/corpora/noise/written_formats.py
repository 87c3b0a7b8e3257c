"""How speech recognisers write what stands around a number, by language: tables of patterns over text with digits in it.

JOINED makes one number of several ("5 30" in a time), and holds in both styles. SPACED leaves a space before a unit's
letters, GLUED leaves none ("7pm", "7बजे"). Augmentation writes other forms (`polyparse.corpora.augmentation.written_forms`):
a test of what a model makes of forms that it has not learnt must not share them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from polyparse.corpora.pieces import Format

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


CLOCK = frozenset({"time", "datetime"})
DATE = frozenset({"date", "datetime"})
_END = r"(?![^\s.,;?!])"  # the word ends here
_NUMBER = r"(?<!\S)(\d+(?:[.:]\d+)?)"


def _format(pattern: str, *templates: str, slots: frozenset[str] | None = None) -> Format:
    return Format(re.compile(pattern, re.IGNORECASE), templates, slots)


def _after(unit: str, *templates: str) -> Format:
    """Of a number, group 1, and the unit after it, whose groups count from 2."""
    return _format(rf"{_NUMBER} (?:{unit}){_END}", *templates)


def _clock(pattern: str, *templates: str) -> Format:
    """Of an hour, group 1, and what follows it in a time."""
    return _format(rf"(?<![\d:])(\d{{1,2}}){pattern}{_END}", *templates, slots=CLOCK)


_LETTERS = r"([ap])\.? ?m\.?"
_MERIDIEM = rf"{_NUMBER} {_LETTERS}{_END}"
_YEAR = _format(r"(?<!\S)(19|20) (\d\d)(?!\S)", r"\1\2", slots=DATE)

JOINED: Mapping[str, Sequence[Format]] = {
    "en": (
        _YEAR,
        _clock(" ([0-5][0-9])(?! (?:minute|hour|day|week))", r"\1:\2"),
        _clock(" o'clock", r"\1:00", r"\g<0>"),
    ),
    "es": (
        _clock(" y media", r"\1:30", r"\g<0>"),
        _clock(" y cuarto", r"\1:15", r"\g<0>"),
        _clock(" y ([0-5][0-9])", r"\1:\2"),
        _clock(" en punto", r"\1:00", r"\g<0>"),
    ),
    "it": (
        _clock(" e mezz[ao]", r"\1:30", r"\g<0>"),
        _clock(" e (?:un|1) quarto", r"\1:15", r"\g<0>"),
        _clock(" e ([0-5][0-9])", r"\1:\2"),
        _clock(" in punto", r"\1:00", r"\g<0>"),
    ),
    "hi": (
        _format(rf"साढ(?:\u093c)?े (\d\d?){_END}", r"\1:30", r"\g<0>", slots=CLOCK),
        _format(rf"सवा (\d\d?){_END}", r"\1:15", r"\g<0>", slots=CLOCK),
        _format(rf"{_NUMBER} पी\. ?एम\.?{_END}", r"\1 pm"),
        _format(rf"{_NUMBER} [एऐ]\. ?एम\.?{_END}", r"\1 am"),
    ),
}
SPACED: Mapping[str, Sequence[Format]] = {
    "en": (
        _format(_MERIDIEM, r"\1 \2m"),
        _after("per ?cent", r"\1%"),
        _after("dollars?", r"$\1"),
        _after("euros?", r"€\1"),
    ),
    "es": (
        _format(_MERIDIEM, r"\1 \2m"),
        _after("por (?:ciento|100)", r"\1%"),
        _after("euros?", r"\1 €"),
        _after("dólar(?:es)?", r"\1 $"),
    ),
    "it": (
        _after("percento|per (?:cento|100)", r"\1%"),
        _after("euro", r"\1 €"),
        _after("dollar[oi]", r"\1 $"),
    ),
    "hi": (_after("प्रतिशत", r"\1%"), _after("रुपये|रुपए", r"₹\1"), _after("डॉलर", r"$\1")),
}
_OF_LATIN = (
    _format(_MERIDIEM, r"\1\2m"),
    _after("per ?cent|percento|per (?:cento|100)|por (?:ciento|100)", r"\1%"),
    _after("euros?", r"\1€"),
)
GLUED: Mapping[str, Sequence[Format]] = {
    "en": (
        *_OF_LATIN,
        _after("dollars?", r"$\1"),
        _after("minutes?", r"\1min"),
        _after("hours?", r"\1h", r"\1hr"),
        _after("degrees", r"\1°"),
    ),
    "es": (
        *_OF_LATIN,
        _after("dólar(?:es)?", r"\1$"),
        _after("minutos?", r"\1min"),
        _after("horas?", r"\1h"),
        _after("grados", r"\1°"),
        _after("kilómetros?", r"\1km"),
    ),
    "it": (
        *_OF_LATIN,
        _after("dollar[oi]", r"\1$"),
        _after("minut[oi]", r"\1min"),
        _after("or[ae]", r"\1h"),
        _after("gradi", r"\1°"),
        _after("chilometr[oi]", r"\1km"),
    ),
    "hi": (
        _after("(pm|am)", r"\1\2"),
        _after("(बजे|बज|मिनट|घंटे|घंटा|घंटों|दिन|दिनों|तारीख|डिग्री|मील)", r"\1\2"),
        _after("प्रतिशत", r"\1%"),
        _after("रुपये|रुपए", r"₹\1"),
        _after("डॉलर", r"$\1"),
    ),
}
