"""Names of Unicode's CLDR, as `babel` has them: each function gives those of one kind, in a language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from polyparse.text.number_names import WORDS, names

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
MANY = 5
"""So many units of a currency are named in the plural."""
HEADS: Mapping[str, int] = {"en": -1, "es": 0, "it": 0, "hi": -1}
"""Language -> where the name of a currency has its noun, the other words saying whose it is."""
LAST_DAY = 28
_FIELD = re.compile(r"'([^']*)'|MMMM|d")
"""What CLDR's patterns of dates are made of: quoted text, the month, the day."""


def countries(language: str) -> list[str]:
    """Countries and territories."""
    territories = _locale(language).territories.items()
    return [name for code, name in territories if len(code) == 2 and code not in NO_COUNTRIES]


def languages(language: str) -> list[str]:
    """Languages that have a code of two letters."""
    return [name for code, name in _locale(language).languages.items() if len(code) == 2]


def currencies(language: str) -> list[str]:
    """Currencies, one unit of each and several."""
    from babel.numbers import get_currency_name  # noqa: PLC0415  only a run that asks for such values needs it

    of_locale = _locale(language)
    return [
        get_currency_name(code, count=count, locale=of_locale)
        for code in of_locale.currencies
        for count in (1, MANY)
    ]


def units_of_money(language: str) -> list[str]:
    """What currencies are called without their country: "dollar", "pesos", "rupia"."""
    place = HEADS[language]
    return [name.split()[place] for name in currencies(language) if "(" not in name]


def time_zones(language: str) -> list[str]:
    """Time zones by what they are called ("pacific time"), and by the cities that stand for them."""
    zones = [zone.get("long", {}) for zone in _locale(language).meta_zones.values()]
    called = [zone.get("generic") or zone.get("standard") for zone in zones]
    return [name for name in called if name] + zone_cities(language)


def zone_cities(language: str) -> list[str]:
    """The cities that stand for time zones, where they have a name of their own in the language."""
    zones = _locale(language).time_zones.items()
    return [zone["city"] for name, zone in zones if "city" in zone and name != "Etc/Unknown"]


def weekdays(language: str) -> list[str]:
    """The days of the week."""
    return list(_locale(language).days["stand-alone"]["wide"].values())


def months(language: str) -> list[str]:
    """The months of the year."""
    return list(_locale(language).months["stand-alone"]["wide"].values())


def dates(language: str) -> list[str]:
    """Days of months, their numbers in words: "march fourth", "cuatro de marzo"; none without words for numbers."""
    of_locale = _locale(language)
    if language not in WORDS:
        return []
    pattern = of_locale.datetime_skeletons["MMMMd"].pattern

    def date(month: str, day: str) -> str:
        return _FIELD.sub(lambda field: field[1] or {"MMMM": month, "d": day}[field[0]], pattern)

    of_year = of_locale.months["format"]["wide"].values()
    return [date(month, _day(day, language)) for month in of_year for day in range(1, LAST_DAY + 1)]


def _day(day: int, language: str) -> str:
    """The number of a day as it is said: an ordinal of English, of others the first one alone."""
    ordinals = [] if language == "hi" else WORDS[language]["ordinals"]
    if day <= len(ordinals):
        return ordinals[day - 1][0]
    if language == "en":
        return f"twenty {ordinals[day - 21][0]}"
    return names(day, language)[0]


def _locale(language: str) -> Any:
    from babel import Locale  # noqa: PLC0415  only a run that asks for such values needs it

    return Locale.parse(language)
