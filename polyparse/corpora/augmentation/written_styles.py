"""How people and programs write what stands around a number, by language: tables over text with digits in it.

Other forms than those by which a model is measured (`polyparse.corpora.noise.written_formats`): both have a bare number, an
English ordinal and H:MM, for which there is one way only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from polyparse.corpora.pieces import Format

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

TIMES = frozenset({"time", "datetime"})
DATES = frozenset({"date", "datetime"})
EXPECTED = TIMES | DATES | {"general_frequency", "change_amount", "radio_name"}
"""Slots whose ambiguous words are numbers."""
_SAME = r"\g<0>"


def _style(
    pattern: str, *choices: str | Callable[[re.Match[str]], str], slots: frozenset[str] | None = None
) -> Format:
    """Of a pattern that begins with a number, group 1, and ends with a word."""
    return Format(re.compile(rf"(?<![\d:.,]){pattern}(?![^\s.,;?!])", re.IGNORECASE), choices, slots)


def _time(pattern: str, *choices: str | Callable[[re.Match[str]], str]) -> Format:
    return _style(rf"(\d{{1,2}}){pattern}", *choices, slots=TIMES)


def _unit(unit: str, *choices: str) -> Format:
    return _style(rf"(\d+(?:[.,]\d+)?) (?:{unit})", _SAME, *choices)


def _two_digits(match: re.Match[str]) -> str:
    return f"{int(match[1]):02}:{match[2]}"


def _in_24_hours(match: re.Match[str]) -> str:
    """Of an hour, minutes with their mark if any, and an "a" or "p" in the group `half`."""
    hour = int(match[1]) % 12 + (12 if match["half"].lower() == "p" else 0)
    return f"{hour:02}{match[2] or ':00'}"


def _in_full(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2] or ':00'} {match['half']}.m."


def _in_the_evening(match: re.Match[str]) -> str:
    hour = int(match[1])
    return f"{hour + 12 if hour < 12 else hour}{match[2] or ':00'}"


def _minutes(fixed: str) -> Callable[[re.Match[str]], str]:
    def clock(match: re.Match[str]) -> str:
        return f"{int(match[1]):02}:{fixed}"

    return clock


_HALF_DAY = r"([:.]\d\d)? (?P<half>[ap])\.? ?m\.?"
_OF_HOUR = r"([0-5]\d)"

STYLES: Mapping[str, Sequence[Format]] = {
    "en": (
        _style(r"(19|20) (\d\d)", r"\1\2", slots=DATES),
        _time(rf" {_OF_HOUR}(?! (?:minutes?|hours?|days?|weeks?))", r"\1:\2", r"\1.\2", _two_digits),
        _time(" o'clock", _SAME, r"\1 oclock"),
        _time(_HALF_DAY, r"\1\2 \g<half>.m.", r"\1\2\g<half>.m.", _in_full, _in_24_hours),
        _unit("per ?cent", r"\1 %", r"\1 pct"),
        _unit("dollars?", r"\1$", r"US$\1"),
        _unit("euros?", r"\1€"),
        _unit("minutes?", r"\1 min", r"\1mins", r"\1 mins"),
        _unit("hours?", r"\1 hrs", r"\1hrs"),
        _unit("miles?", r"\1 mi"),
    ),
    "es": (
        _time(" y media", r"\1.30", r"\1h30", _minutes("30")),
        _time(" y cuarto", r"\1.15", r"\1h15", _minutes("15")),
        _time(rf" y {_OF_HOUR}", r"\1:\2", r"\1.\2", r"\1h\2"),
        _time(" en punto", _SAME, r"\1 h"),
        _time(_HALF_DAY, r"\1\2 \g<half>. m.", r"\1\2\g<half>.m.", _in_24_hours),
        _time(r"([:.]\d\d)? (?:de la tarde|de la noche)", _SAME, _in_the_evening),
        _unit("por (?:ciento|100)", r"\1 por ciento", r"\1 %"),
        _unit("euros?", r"€\1"),
        _unit("dólar(?:es)?", r"US$\1"),
        _unit("minutos?", r"\1 min", r"\1mins"),
        _unit("horas?", r"\1 h", r"\1hs"),
    ),
    "it": (
        _time(" e mezz[ao]", r"\1.30", r"\1 e 30", _minutes("30")),
        _time(" e (?:un|1) quarto", r"\1.15", _minutes("15")),
        _time(rf" e {_OF_HOUR}", r"\1:\2", r"\1.\2", r"\1,\2"),
        _time(r"([:.]\d\d)? (?:di sera|del pomeriggio|di pomeriggio)", _SAME, _in_the_evening),
        _unit("percento|per (?:cento|100)", r"\1 %", r"\1 per cento"),
        _unit("euro", r"€\1"),
        _unit("dollar[oi]", r"US$\1"),
        _unit("minut[oi]", r"\1 min", r"\1 minuti"),
        _unit("or[ae]", r"\1 h", r"\1 ore"),
    ),
    "hi": (
        Format(re.compile("साढ(?:\u093c)?े (\\d{1,2})(?!\\S)"), (_SAME, r"\1.30", _minutes("30")), TIMES),
        Format(re.compile("सवा (\\d{1,2})(?!\\S)"), (_SAME, r"\1.15", _minutes("15")), TIMES),
        _time(" बजे", _SAME, _SAME, r"\1:00 बजे", r"\1:00बजे"),
        _style(r"(\d{1,2}) पी\. ?एम\.?", r"\1 p.m.", r"\1p.m.", r"\1 पीएम"),
        _style(r"(\d{1,2}) [एऐ]\. ?एम\.?", r"\1 a.m.", r"\1a.m.", r"\1 एएम"),
        _unit("प्रतिशत", r"\1 %"),
        _unit("रुपये|रुपए", r"रु \1", r"\1 रु"),
        _unit("डॉलर", r"\1$"),
        _unit("मिनट", r"\1 मि"),
    ),
}
ORDINAL_MARKS: Mapping[str, Sequence[str]] = {"es": ("", "ero", "o"), "it": ("", "º"), "hi": ("",)}
"""After the digits of an ordinal; English has its own for each number."""
