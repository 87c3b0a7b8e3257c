"""Times that are said by halves and quarters, and spans of time: corpora of requests hardly have any.

Hindi has words for a quarter more, half more and a quarter less ("सवा सात बजे", "साढ़े सात बजे", "पौने सात बजे"), and for one
and a half and two and a half.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.text.number_names import names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HOURS = range(1, 13)
FEMININE: Mapping[str, str] = {"es": "una", "it": "una"}
"""What one o'clock is called where hours have a gender."""
TIMES: Mapping[str, Sequence[str]] = {
    "en": (
        "half past {h}",
        "quarter past {h}",
        "quarter to {h}",
        "{h} fifteen",
        "{h} thirty",
        "{h} forty five",
    ),
    "es": ("{h} y cuarto", "{h} y media", "{h} menos cuarto", "{h} y diez", "{h} y veinte", "{h} menos diez"),
    "it": ("{h} e un quarto", "{h} e mezza", "{h} meno un quarto", "{h} e quindici", "{h} e trenta"),
    "hi": ("सवा {h}", "साढ़े {h}", "पौने {h}", "सवा {h} बजे", "साढ़े {h} बजे", "पौने {h} बजे"),
}
OTHER_TIMES: Mapping[str, Sequence[str]] = {"hi": ("डेढ़ बजे", "ढाई बजे", "डेढ़", "ढाई")}
SPANS: Mapping[str, Sequence[str]] = {
    "en": ("half an hour", "quarter of an hour", "a quarter of an hour", "three quarters of an hour"),
    "es": ("media hora", "cuarto de hora", "un cuarto de hora", "tres cuartos de hora", "hora y media"),
    "it": ("mezz'ora", "mezzora", "un quarto d'ora", "tre quarti d'ora", "un'ora e mezza"),
    "hi": ("आधे घंटे", "पौन घंटे", "सवा घंटे", "डेढ़ घंटे", "ढाई घंटे", "साढ़े तीन घंटे", "पौने दो घंटे"),
}


def times(language: str) -> list[str]:
    """Times of the clock by halves and quarters."""
    hours = [name for hour in HOURS for name in _hour(hour, language)]
    made = [pattern.format(h=hour) for pattern in TIMES[language] for hour in hours]
    return [*made, *OTHER_TIMES.get(language, ())]


def spans(language: str) -> list[str]:
    """Spans of time by halves and quarters of an hour."""
    return list(SPANS[language])


def _hour(hour: int, language: str) -> list[str]:
    return [FEMININE[language]] if hour == 1 and language in FEMININE else names(hour, language)
