"""Edits of an example's text that move its slots too."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from polyparse.corpora.example import TextSpan

if TYPE_CHECKING:
    from collections.abc import Callable

    from polyparse.corpora.example import Example


def replaced(example: Example, start: int, end: int, text: str) -> Example:
    """The example with `text` at its code points `[start, end)`; no slot may begin or end within these."""
    growth = len(text) - (end - start)

    def moved(offset: int) -> int:
        return offset + growth if offset >= end else offset

    slots = tuple(
        TextSpan(span.name, span.start if span.start <= start else moved(span.start), moved(span.end))
        for span in example.slots
    )
    return replace(example, text=example.text[:start] + text + example.text[end:], slots=slots)


def rewritten(example: Example, rewrite: Callable[[str], str]) -> Example | None:
    """The example with each slot's value, and each text between slots, rewritten; None where nothing changes.

    A piece that would become blank stays as it is, so that neither a slot nor the text becomes empty.
    """

    def written(piece: str) -> str:
        new = rewrite(piece)
        return new if new.strip() else piece

    text, end, slots = "", 0, []
    for span in example.slots:
        text += written(example.text[end : span.start])
        value = written(example.text[span.start : span.end])
        slots.append(TextSpan(span.name, len(text), len(text) + len(value)))
        text += value
        end = span.end
    text += written(example.text[end:])
    return None if text == example.text else replace(example, text=text, slots=tuple(slots))
