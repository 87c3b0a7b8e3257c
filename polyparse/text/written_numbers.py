"""Numbers, times, dates, sums and measures as they are written in a text, and how each is said in a language.

    7:30pm      seven thirty p . m .           5th      fifth
    12/24       december twenty fourth         $10      ten dollars
    7 + 5       seven | plus | five            7बजे     सात बजे

What is written without a blank between is one part: its words share a place in the text, as no slot begins or ends inside.
An expression that says no time, date or number here is left as it is written.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from polyparse.text.number_names import WORDS
from polyparse.text.number_words import (
    day_and_month,
    hour_words,
    number_words,
    of_month,
    ordinal_words,
    time_words,
    unit_words,
    ways,
)
from polyparse.text.unit_names import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from polyparse.text.number_words import Piece

MOST = 64
"""Numbers of a text beyond these are left: nobody says so many, and each takes some 50 us to read."""


class SaidPart(NamedTuple):
    """The code points `[start, end)` of a text, and what they say: its pieces one after the other.

    `is_sign` is of a sign such as "x" or "h", which means something else where it does not stand beside a number.
    """

    start: int
    end: int
    pieces: tuple[Piece, ...]
    is_sign: bool = False


def written_numbers(text: str, language: str, knows: Callable[[str], bool]) -> Iterator[tuple[SaidPart, ...]]:
    """The expressions of a text in their order, each as its parts; none in a language without words here.

    Letters that are glued to a number are words of their own where one `knows` them.
    """
    if language not in NAMES:
        return
    text, at = text.translate(_AS_ASCII), 0
    for _ in range(MOST):
        if (found := _START.search(text, at)) is None:
            return
        start = found.start()
        parts = next(filter(None, (read(text, start, language, knows) for read in _READINGS)), ())
        if parts:
            yield parts
        at = parts[-1].end if parts else found.end()
        if parts and (sign := _SIGN.match(text, at)):
            group = sign.lastindex or 1
            said = NAMES[language].sums[_SUMS.get(sign[group], sign[group])]
            yield (SaidPart(*sign.span(group), (ways(said),), is_sign=True),)


_AS_ASCII = str.maketrans(
    "०१२३४५६७८९０１２３４５６７８９：．，％٪＋－／＊＄", "0123456789" * 2 + ":.,%%+-/*$"
)
_NUMBER = r"\d{1,9}(?:[.,]\d{1,9}){0,3}"
_MONEY = "[$€£₹]"
_END = r"(?![\w\u0300-\u036f\u0900-\u0963\u0970-\u097f]|[.,:]\d)"  # Vowel signs are no letters to `re`.
_START = re.compile(rf"(?<![\w.,:])(?:us)?(?:{_MONEY}\s?)?\d[\d.,:]*", re.IGNORECASE)
_SIGN = re.compile(r"(?:\s?([+×*÷])\s?|(x)|\s([x/−-])\s)(?=\d)")
_SUMS = {"×": "x", "*": "x", "÷": "/", "−": "-"}
_DATE = re.compile(
    rf"(?:(?P<year>\d{{4}})([-/.])(?P<month>\d\d?)\2(?P<day>\d\d?)"
    rf"|(?P<first>\d\d?)(?:/(?P<second>\d\d?)(?:/(?P<of>\d{{4}}|\d\d))?|([-.])(?P<then>\d\d?)\8(?P<in>\d{{4}}))){_END}(?!/\d)"
)
_CLOCK = re.compile(
    rf"(?P<hour>\d\d?)(?:(?P<mark>[:.,h])(?P<minute>[0-5]\d))?(?:(?P<gap>\s?)(?P<half>[ap]|पी|[एऐ])\.?\s?(?:m|एम)(?:\.|{_END}))?{_END}(?!\s?[%°]|\s?{_MONEY})",
    re.IGNORECASE,
)
_HALVES = {"पी": "p", "ए": "a", "ऐ": "a"}
_AMOUNT = re.compile(rf"(?:us)?(?P<sign>{_MONEY})\s?(?P<number>{_NUMBER}){_END}", re.IGNORECASE)
_GLUED = re.compile(
    rf"(?:(?P<hour>\d\d?)[:.](?P<minute>[0-5]\d)|(?P<number>{_NUMBER}))(?P<word>[^\W\d_](?:[^\W\d_]|[\u0900-\u0963])*){_END}"
)
_PLAIN = re.compile(rf"(?P<number>{_NUMBER}){_END}")


def _date(text: str, at: int, language: str, _: Callable[[str], bool]) -> tuple[SaidPart, ...]:
    """12/24, 24.12.2026, 2026-12-24: the day and the month in the language's order, in the other one if only that can be."""
    match = _DATE.match(text, at)
    if match is None:
        return ()
    year = match["year"] or match["of"] or match["in"]
    month, day = match["month"] or match["first"], match["day"] or match["second"] or match["then"]
    if match["first"] and (not NAMES[language].month_first or int(month) > _MONTHS):
        month, day = day, month
    if not (0 < int(month) <= _MONTHS and 0 < int(day) <= _LAST_DAY):
        return ()
    pieces = list(day_and_month(int(day), int(month), language))
    if year:
        pieces += [*of_month(language), number_words(year if len(year) > 2 else f"20{year}", language)]
    return (SaidPart(*match.span(), tuple(pieces)),)


def _clock(text: str, at: int, language: str, _: Callable[[str], bool]) -> tuple[SaidPart, ...]:
    """7:30, 7.30, 19h30, 7pm, 7:30 a.m."""
    match = _CLOCK.match(text, at)
    if match is None or int(match["hour"]) >= _HOURS or not (match["minute"] or match["half"]):
        return ()
    if match["mark"] == NAMES[language].thousands == ",":
        return ()
    hour, half = int(match["hour"]), _HALVES.get(match["half"], (match["half"] or "").lower())
    half_days = NAMES[language].half_days
    if not half and NAMES[language].month_first and not 0 < hour < _NOON:  # where clocks have twelve hours
        half, hour = "ap"[hour >= _NOON], hour % _NOON or _NOON
        return (
            SaidPart(*match.span(), (time_words(hour, match["minute"], language), ways(half_days[half]))),
        )
    time = time_words(hour, match["minute"], language)
    if not half:
        return (SaidPart(*match.span(), (time,)),)
    return _with_unit(match, match.start("half"), (time,), ways(half_days[half]))


def _amount(text: str, at: int, language: str, _: Callable[[str], bool]) -> tuple[SaidPart, ...]:
    """$10, € 5."""
    match = _AMOUNT.match(text, at)
    if match is None or not (number := number_words(match["number"], language)):
        return ()
    return (SaidPart(*match.span(), (number, unit_words(match["number"], match["sign"], language))),)


def _ordinal(text: str, at: int, language: str, _: Callable[[str], bool]) -> tuple[SaidPart, ...]:
    """5th, 1º, 5वें."""
    match = _patterns(language).ordinal.match(text, at)
    if match is None or not (said := ordinal_words(int(match[1]), language, match[2])):
        return ()
    return (SaidPart(*match.span(), (said,)),)


def _measure(text: str, at: int, language: str, _: Callable[[str], bool]) -> tuple[SaidPart, ...]:
    """50%, 20 °C, 15min, 5€."""
    match = _patterns(language).measure.match(text, at)
    if match is None or not (number := number_words(match["number"], language)):
        return ()
    return _with_unit(
        match, match.start("sign"), (number,), unit_words(match["number"], match["sign"], language)
    )


def _glued(text: str, at: int, language: str, knows: Callable[[str], bool]) -> tuple[SaidPart, ...]:
    """7बजे, 1:00बजे."""
    match = _GLUED.match(text, at)
    if match is None or not knows(match["word"]):
        return ()
    if match["number"]:
        said = number_words(match["number"], language)
    else:
        said = time_words(int(match["hour"]), match["minute"], language)
    return (SaidPart(*match.span(), (said, (match["word"],))),) if said else ()


def _plain(text: str, at: int, language: str, _: Callable[[str], bool]) -> tuple[SaidPart, ...]:
    """7, 1,000, 99.5; the first day of a month as an ordinal, and every day where that is how dates are said."""
    match = _PLAIN.match(text, at)
    if match is None:
        return ()
    said = number_words(match["number"], language)
    is_first = match["number"] == "1"
    may_be_ordinal = is_first or (NAMES[language].month_first and match["number"].isdigit())
    if may_be_ordinal and _is_day(text, *match.span(), language):
        ordinal = ordinal_words(int(match["number"]), language, "") or said
        said = ordinal if NAMES[language].month_first else ordinal + said
    elif is_first and _is_hour(text, at, language):
        said = hour_words(1, language)
    return (SaidPart(*match.span(), (said,)),) if said else ()


_READINGS = (_date, _clock, _amount, _ordinal, _measure, _glued, _plain)
"""In the order in which they are tried."""
_HOURS, _NOON = 25, 12
_MONTHS, _LAST_DAY = 12, 31
_REACH = 20
"""Characters in which a month or an article is looked for."""


def _with_unit(
    match: re.Match[str], unit_start: int, number: tuple[Piece, ...], unit: Piece
) -> tuple[SaidPart, ...]:
    """A number and its unit: one part where no blank stands between."""
    if not match["gap"]:
        return (SaidPart(*match.span(), (*number, unit)),)
    return SaidPart(match.start(), match.start("gap"), number), SaidPart(
        unit_start, match.end(), (unit,), is_sign=True
    )


class _Patterns(NamedTuple):
    """Those of one language; the last three are of what stands around a number."""

    ordinal: re.Pattern[str]
    measure: re.Pattern[str]
    behind_month: re.Pattern[str]
    before_month: re.Pattern[str]
    behind_article: re.Pattern[str]


@lru_cache(maxsize=len(NAMES))
def _patterns(language: str) -> _Patterns:
    unit_names = NAMES[language]
    signs = "|".join(sorted(map(re.escape, unit_names.units), key=len, reverse=True))
    months = "|".join(name for names_ in WORDS[language]["months"] for name in names_)
    return _Patterns(
        re.compile(rf"(\d{{1,4}})({unit_names.ordinal_marks}){_END}", re.IGNORECASE),
        re.compile(rf"(?P<number>{_NUMBER})(?P<gap>\s?)(?P<sign>{signs}){_END}", re.IGNORECASE),
        re.compile(rf"\b(?:{months})\s+(?:the\s+)?$", re.IGNORECASE),
        re.compile(rf"\s+(?:of\s+|de\s+)?(?:{months}){_END}", re.IGNORECASE),
        re.compile(rf"(?:{unit_names.hour_articles or '(?!)'})$", re.IGNORECASE),
    )


def _is_day(text: str, start: int, end: int, language: str) -> bool:
    patterns = _patterns(language)
    before = patterns.behind_month.search(text, max(0, start - _REACH), start)
    return bool(before or patterns.before_month.match(text, end))


def _is_hour(text: str, at: int, language: str) -> bool:
    return _patterns(language).behind_article.search(text, max(0, at - _REACH), at) is not None
