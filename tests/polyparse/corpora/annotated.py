"""Utterances as people annotate them by hand, "wake me at [time : five]": read into examples and written back."""

from __future__ import annotations

import re

from polyparse.corpora.example import Example, TextSpan

_PIECE = re.compile(r"\[(?P<name>\w+) : (?P<value>[^\]]+)\]|[^\[]+")


def example_of(annotated: str, locale: str) -> Example:
    """The example; a bracket needs exactly the spaces of "[name : value]"."""
    text, slots = "", []
    for piece in _PIECE.finditer(annotated):
        value = piece["value"] or piece[0]
        if piece["name"]:
            slots.append(TextSpan(piece["name"], len(text), len(text) + len(value)))
        text += value
    return Example("1", text, locale, "train", "alarm", "alarm_set", tuple(slots))


def annotated(example: Example) -> str:
    """The other way."""
    text, end = "", 0
    for span in example.slots:
        value = example.text[span.start : span.end]
        text += f"{example.text[end : span.start]}[{span.name} : {value}]"
        end = span.end
    return text + example.text[end:]
