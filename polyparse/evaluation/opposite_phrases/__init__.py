"""Everyday ways to switch something on or off, up or down, by which a model is asked whether it does the reverse.

A line of a locale's file has what is asked, its wording ("…" where an object stands between) and the phrase. No phrase has a
wording of `polyparse.corpora.augmentation.switch_words`, which training may have read.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

GAP = "…"
_LIGHT_OFF = frozenset({"iot_hue_lightoff", "iot_wemo_off"})
_LIGHT_ON = frozenset({"iot_hue_lighton", "iot_wemo_on"})
RIGHT: Mapping[str, frozenset[str]] = {
    "light_off": _LIGHT_OFF,
    "light_on": _LIGHT_ON,
    "plug_off": _LIGHT_OFF,
    "plug_on": _LIGHT_ON,
    "louder": frozenset({"audio_volume_up"}),
    "quieter": frozenset({"audio_volume_down"}),
    "brighter": frozenset({"iot_hue_lightup"}),
    "dimmer": frozenset({"iot_hue_lightdim"}),
}
"""What is asked -> the intents of MASSIVE that do it; a lamp may hang on a plug."""
_PAIRS = (("light_off", "light_on"), ("plug_off", "plug_on"), ("louder", "quieter"), ("brighter", "dimmer"))
OPPOSITE: Mapping[str, frozenset[str]] = {a: RIGHT[b] for pair in _PAIRS for a, b in (pair, pair[::-1])}
"""What is asked -> the intents that do the reverse."""


class OppositePhrase(NamedTuple):
    """A phrase, what it asks, a key of RIGHT, and in which words."""

    asked: str
    wording: str
    text: str


def _read(text: str) -> tuple[OppositePhrase, ...]:
    return tuple(OppositePhrase(*line.split("\t")) for line in text.splitlines())


PHRASES: Mapping[str, tuple[OppositePhrase, ...]] = {
    file.name.removesuffix(".tsv"): _read(file.read_text(encoding="utf-8"))
    for file in sorted(files(__name__).iterdir(), key=lambda file: file.name)
    if file.name.endswith(".tsv")
}
"""Locale -> its phrases."""
