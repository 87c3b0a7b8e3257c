"""Slots as spans of the text: the form in which frame accuracy and SEMER compare them."""

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from polyparse.contract.frame import Slot
from polyparse.corpora.example import TextSpan


class SlotSpan(NamedTuple):
    """A slot in code points; `start` comes first, so that spans sort in the order of the text."""

    start: int
    end: int
    name: str


NamedSpan: TypeAlias = TextSpan | Slot | SlotSpan
"""What a corpus and a frame say of a slot: a name, and code points [start, end)."""


def trimmed(text: str, slots: Iterable[NamedSpan]) -> list[SlotSpan]:
    """The slots in the order of the text, without white space at their edges."""
    return sorted(_trim(text, slot) for slot in slots)


def _trim(text: str, slot: NamedSpan) -> SlotSpan:
    value = text[slot.start : slot.end]
    start = slot.start + len(value) - len(value.lstrip())
    return SlotSpan(start, start + len(value.strip()), slot.name)
