"""Numbers that a text says in words, found and read: "twenty second", "novecientos cinquenta", "दो हज़ार सत्रह".

The words of a language stand in `number_words/<language>.txt`, a value and its words a line:

    20 twenty      a number
    2. second      an ordinal
    *100 hundred   multiplies what stands before it
    &100 and       may stand inside a number, where at least so much may still be added
    , point        the decimal mark
    @ hours        units: what shows that an ambiguous word before it is a number
    ?              before a word: ambiguous, it often means something else (Italian "sei", Hindi "दो")

Hindi words stand there without nukta and with anusvara for chandrabindu, since people write both ways.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import normalize

if TYPE_CHECKING:
    from collections.abc import Sequence

LANGUAGES = ("en", "es", "it", "hi")


class SpokenNumber(NamedTuple):
    """The code points `[start, end)` of a text, and the number that they say.

    `suffix` is what is written after the digits of an ordinal that has its own ("वें"); `unit` the word after the number.
    """

    start: int
    end: int
    digits: str
    is_ordinal: bool
    is_ambiguous: bool
    suffix: str
    unit: str


def spoken_numbers(text: str, language: str) -> list[SpokenNumber]:
    """The numbers of a text in its order, each as long as can be; none in a language without words here."""
    if language not in LANGUAGES:
        return []
    words, table = _words(text), _table(language)
    numbers, place = [], 0
    while place < len(words):
        read = _with_decimals(words, place, table)
        if read is None or text.startswith(("'", "’"), words[read.end - 1].end):  # un'ora
            place += 1
            continue
        first, last = words[place], words[read.end - 1]
        following = words[read.end].text if read.end < len(words) else ""
        numbers.append(
            SpokenNumber(
                first.start,
                last.end,
                read.digits,
                read.is_ordinal,
                read.end == place + 1 and first.text in table.ambiguous,
                read.suffix,
                following if following in table.units else "",
            )
        )
        place = read.end
    return numbers


class _Word(NamedTuple):
    text: str
    start: int
    end: int
    follows: bool  # nothing but a space or a hyphen stands before it


@dataclass
class _Table:
    """The words of one language; `joins` is how much must still fit in where a joining word stands."""

    cardinals: dict[str, int] = field(default_factory=dict)
    ordinals: dict[str, int] = field(default_factory=dict)
    multipliers: dict[str, int] = field(default_factory=dict)
    joiners: dict[str, int] = field(default_factory=dict)
    decimal: set[str] = field(default_factory=set)
    units: set[str] = field(default_factory=set)
    ambiguous: set[str] = field(default_factory=set)


class _Read(NamedTuple):
    digits: str
    is_ordinal: bool
    suffix: str
    end: int  # the word after the number


@lru_cache(maxsize=len(LANGUAGES))
def _table(language: str) -> _Table:
    table = _Table()
    text = files(__package__).joinpath("number_words", f"{language}.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        key, *marked = line.split()
        words = [word.removeprefix("?") for word in map(_folded, marked)]
        table.ambiguous.update(word for word, mark in zip(words, marked, strict=True) if mark[0] == "?")
        if key in ",@":
            (table.decimal if key == "," else table.units).update(words)
        elif key[0] in "*&":
            (table.multipliers if key[0] == "*" else table.joiners).update(dict.fromkeys(words, int(key[1:])))
        else:
            kind = table.ordinals if key[-1] == "." else table.cardinals
            kind.update(dict.fromkeys(words, int(key.rstrip("."))))
    if language == "it":
        table.cardinals.update(_italian_tens(table.cardinals))
    return table


_WORD = re.compile(r"""[^\s.,;!?'’"()\-।]+""")
_HINDI = str.maketrans({"\u093c": None, "\u0901": "\u0902"})
_HINDI_ORDINAL = re.compile("(?P<stem>.+?)(?P<suffix>व(?:ां|ीं|ें))$")
_THOUSANDS = re.compile("(.*?)(mila|mille)(.*)$")
_HUNDREDS = re.compile("(.*?)(cent(?=ott)|cento)(.*)$")  # centotto, centottanta
_SCALES = {"cent": 100, "cento": 100, "mila": 1000, "mille": 1000}


def _folded(word: str) -> str:
    return normalize("NFC", normalize("NFD", word.lower()).translate(_HINDI))


def _words(text: str) -> list[_Word]:
    words, end = [], 0
    for match in _WORD.finditer(text):
        follows = text[end : match.start()] in {" ", "-"}
        words.append(_Word(_folded(match[0]), match.start(), match.end(), follows))
        end = match.end()
    return words


def _with_decimals(words: Sequence[_Word], place: int, table: _Table) -> _Read | None:
    whole = _number(words, place, table)
    if whole is None or whole.is_ordinal or whole.end + 1 >= len(words):
        return whole
    mark, after = words[whole.end], words[whole.end + 1]
    if mark.text not in table.decimal or not (mark.follows and after.follows):
        return whole
    part = _number(words, whole.end + 1, table)
    if part is None or part.is_ordinal:
        return whole
    return _Read(f"{whole.digits}.{part.digits}", is_ordinal=False, suffix="", end=part.end)


def _number(words: Sequence[_Word], first: int, table: _Table) -> _Read | None:
    """The longest number from word `first` on; `room` is below which value a word may still be added."""
    total, group, room, scale, end = 0, 0, 1 << 40, 1 << 40, first
    place = first
    while place < len(words) and (place == first or words[place].follows):
        word = words[place].text
        if end > first and room >= table.joiners.get(word, 1 << 41) and place == end:
            place += 1  # counts if what follows does
            continue
        multiplier = table.multipliers.get(word, 0) if end > first else 0
        if multiplier and multiplier < scale and (multiplier >= 1000 or 0 < group < 100):
            if multiplier >= 1000:
                total, group, scale = total + max(group, 1) * multiplier, 0, multiplier
            else:
                group *= multiplier
            room = multiplier
        elif (value := _cardinal(word, table)) is not None and _fits(value, room, is_first=end == first):
            group, room = group + value, _room(value, table)
        else:
            return _ended(_ordinal(word, table), total + group, room, place, (first, end))
        place = end = place + 1
    return _Read(str(total + group), is_ordinal=False, suffix="", end=end) if end > first else None


def _fits(value: int, room: int, *, is_first: bool) -> bool:
    return is_first or 0 < value < room


def _room(value: int, table: _Table) -> int:
    """Below which value a word may be added to one that says `value`."""
    for size in (1000, 100):
        if value and value % size == 0:
            return size
    composes = len(table.cardinals) < 100  # where each of 0 to 99 has a word of its own, none are added up
    return 10 if composes and value >= 20 and value % 10 == 0 else 0


def _ended(
    ordinal: tuple[int, str] | None, value: int, room: int, place: int, span: tuple[int, int]
) -> _Read | None:
    """The number up to a word that is no cardinal: with it, if it is an ordinal that fits, else without."""
    first, end = span
    if ordinal and (place == first or (place == end and ordinal[0] < room)):
        return _Read(str(value + ordinal[0]), is_ordinal=True, suffix=ordinal[1], end=place + 1)
    return _Read(str(value), is_ordinal=False, suffix="", end=end) if end > first else None


def _ordinal(word: str, table: _Table) -> tuple[int, str] | None:
    if word in table.ordinals:
        return table.ordinals[word], ""
    match = _HINDI_ORDINAL.match(word)
    value = table.cardinals.get(match["stem"]) if match else None
    return None if match is None or value is None else (value, match["suffix"])


def _cardinal(word: str, table: _Table) -> int | None:
    """The value of a word; Italian writes a whole number as one: "duemiladiciassette"."""
    value = table.cardinals.get(word)
    if value is not None or "mille" not in table.cardinals:
        return value
    match = _THOUSANDS.match(word) or _HUNDREDS.match(word)
    if match is None:
        return None
    before, scale, after = match.groups()
    factor = _cardinal(before, table) if before else 1
    rest = _cardinal(after, table) if after else 0
    return None if factor is None or rest is None else factor * _SCALES[scale] + rest


def _italian_tens(cardinals: dict[str, int]) -> dict[str, int]:
    """21 to 99: a ten loses its last vowel before one that begins with a vowel."""
    tens = {word: value for word, value in cardinals.items() if 20 <= value < 100}
    units = {word: value for word, value in cardinals.items() if 0 < value < 10}
    return {
        (ten[:-1] if unit[0] in "uo" else ten) + unit: high + low
        for ten, high in tens.items()
        for unit, low in units.items()
    }
