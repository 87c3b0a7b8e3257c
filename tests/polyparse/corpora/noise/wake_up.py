"""Utterances in four languages that differ in the words around the time, and a parser that knows some of these words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from polyparse.corpora.example import Example, TextSpan
from polyparse.runtime.load import load
from tests.bundles import edit_manifest, write_bundle

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.inference.parser import Parser

TEXTS = {
    "en-US": ("wake me at", "seven"),
    "es-ES": ("wake está", "siete"),
    "it-IT": ("alarm è il", "seven"),
    "hi-IN": ("wake ज़रा", "siete"),
}
"""What stands before the time, and the time: words that the bundle knows, among some that it does not."""


def corpus(copies: int = 20) -> list[Example]:
    return [
        Example(
            id=str(number),
            text=f"{before} {value}",
            locale=locale,
            partition="dev",
            domain="alarm",
            intent="alarm_set",
            slots=(TextSpan("time", len(before) + 1, len(before) + 1 + len(value)),),
        )
        for locale, (before, value) in TEXTS.items()
        for number in range(copies)
    ]


def timer() -> Example:
    """An utterance without a slot, with a number and its unit, and a last word that says no intent."""
    return replace(corpus(1)[0], id="timer", text="wake me in ten minutes please", slots=())


def words_parser(folder: Path) -> Parser:
    """Of a bundle written to the folder; it serves all of these languages."""
    edit_manifest(write_bundle(folder), locales=list(TEXTS))
    return load(folder, device="cpu").parser
