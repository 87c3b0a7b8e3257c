"""Edits of an example's text that move its slots too."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from polyparse.corpora.example import TextSpan
from polyparse.corpora.pieces import rewritten_by_slot

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


def inserted(example: Example, at: int, text: str) -> Example:
    """The example with `text` before its code point `at`, in no slot; `at` may not lie inside one."""
    slots = tuple(
        TextSpan(span.name, span.start + len(text), span.end + len(text)) if span.start >= at else span
        for span in example.slots
    )
    return replace(example, text=example.text[:at] + text + example.text[at:], slots=slots)


def rewritten(example: Example, rewrite: Callable[[str], str]) -> Example | None:
    """The example with each of its pieces rewritten; None where nothing changes."""
    return rewritten_by_slot(example, lambda piece, _slot: rewrite(piece))
