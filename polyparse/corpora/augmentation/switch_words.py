"""Everyday wordings of "on", "off", "up" and "down" by language and sense: read from `switch_words.txt`, found in a text.

A line has a language, a sense, the forms of a verb with commas between, and perhaps a particle: `+off` stands behind the
verb or behind its object, `>louder` behind the object alone. Forms of two verbs in one column are of one mood: a wording
takes another's place in the form that was found.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from polyparse.text.tokens import tokenise

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

Words = tuple[str, ...]


class Wording(NamedTuple):
    """A verb in its forms, each of one word or several, and its particle, empty for none."""

    forms: tuple[str, ...]
    particle: str = ""
    behind_object: bool = False


class Found(NamedTuple):
    """A wording in a text: its form, the words `[start, end)` of the verb, and which word the particle is, if it has one."""

    wording: Wording
    form: int
    start: int
    end: int
    particle: int | None


SENSES: Mapping[str, str] = {
    "iot_hue_lightoff": "off",
    "iot_wemo_off": "off",
    "iot_hue_lighton": "on",
    "iot_wemo_on": "on",
    "audio_volume_up": "louder",
    "audio_volume_down": "quieter",
    "audio_volume_mute": "mute",
    "iot_hue_lightup": "brighter",
    "iot_hue_lightdim": "dimmer",
    "alarm_remove": "alarm",
}
"""Intent of MASSIVE -> the sense of what is done."""
_PAIRS = (
    ("iot_hue_lighton", "iot_hue_lightoff"),
    ("iot_wemo_on", "iot_wemo_off"),
    ("audio_volume_up", "audio_volume_down"),
    ("iot_hue_lightup", "iot_hue_lightdim"),
)
OPPOSITES: Mapping[str, str] = {a: b for pair in _PAIRS for a, b in (pair, pair[::-1])}
"""Intent -> that which undoes it."""
MOST_BETWEEN = 6
"""Words between a verb and its particle."""
_FOLDED = str.maketrans({"\u093c": None, "\u0901": "\u0902"})
"""Spellings of Hindi that differ in a dot, or in how a vowel is made nasal."""


@lru_cache(maxsize=1024)
def keys_of(text: str) -> Words:
    """The words of a text as wordings are compared by."""
    return tuple(token.text.translate(_FOLDED) for token in tokenise(text))


def _read() -> dict[tuple[str, str], list[Wording]]:
    wordings: defaultdict[tuple[str, str], list[Wording]] = defaultdict(list)
    for line in files(__package__).joinpath("switch_words.txt").read_text(encoding="utf-8").splitlines():
        language, sense, rest = line.split(" ", 2)
        verb, particle = rest, ""
        if rest.split()[-1][0] in "+>":
            verb, _, particle = rest.rpartition(" ")
        forms = tuple(form.strip() for form in verb.split(","))
        wordings[language, sense].append(Wording(forms, particle[1:], particle.startswith(">")))
    return dict(wordings)


WORDINGS: Mapping[tuple[str, str], Sequence[Wording]] = _read()
"""(language, sense) -> its wordings."""
LANGUAGES = frozenset(language for language, _ in WORDINGS)
PARTICLES = frozenset(wording.particle for of in WORDINGS.values() for wording in of) - {""}


def find(words: Words, language: str, sense: str, taken: Collection[int] = ()) -> Found | None:
    """The first wording of a sense in the words of a text, the longest of several; words that are `taken` have no part."""
    free = (
        found
        for found in _all(words, WORDINGS.get((language, sense), ()))
        if not any(place in taken for place in (*range(found.start, found.end), found.particle))
    )
    return max(free, key=lambda found: (-found.start, found.end, found.particle is not None), default=None)


def _all(words: Words, wordings: Sequence[Wording]) -> Iterator[Found]:
    for wording in wordings:
        for number, form in enumerate(wording.forms):
            keys = keys_of(form)
            for start in range(len(words) - len(keys) + 1):
                end = start + len(keys)
                if words[start:end] != keys:
                    continue
                if not wording.particle:
                    yield Found(wording, number, start, end, None)
                elif (place := _particle(words, wording, end)) is not None:
                    yield Found(wording, number, start, end, place)


def _particle(words: Words, wording: Wording, end: int) -> int | None:
    """The first particle behind a verb, if it is that of the wording."""
    for place in range(end, min(len(words), end + 1 + MOST_BETWEEN)):
        if words[place] in PARTICLES:
            return (
                place if words[place] == wording.particle and place >= end + wording.behind_object else None
            )
    return None
