"""Offsets in the unit that the caller counts in: code points, UTF-16 code units or UTF-8 bytes."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from polyparse.contract.frame import Frame, Slot
from service.api.schemas import SpanUnit

WIDTH: Mapping[SpanUnit, Callable[[str], int]] = {
    "codepoint": len,
    "utf16": lambda text: len(text.encode("utf-16-le")) // 2,
    "byte": lambda text: len(text.encode()),
}
"""Unit -> the length of a text in it."""


def in_unit(frame: Frame, unit: SpanUnit) -> Frame:
    """Return the frame with all offsets in this unit; names, values and order stay."""
    if unit == "codepoint" or frame.text.isascii():
        return frame
    width = WIDTH[unit]

    def converted(slots: tuple[Slot, ...]) -> tuple[Slot, ...]:
        return tuple(
            replace(slot, start=width(frame.text[: slot.start]), end=width(frame.text[: slot.end]))
            for slot in slots
        )

    alternatives = tuple(replace(each, slots=converted(each.slots)) for each in frame.alternatives)
    return replace(frame, slots=converted(frame.slots), alternatives=alternatives)
