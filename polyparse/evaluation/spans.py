"""Slots as spans of the text: the form in which frame accuracy and SEMER compare them."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol


class NamedSpan(Protocol):
    """Anything with a name and code-point offsets: a span of a corpus, a slot of a frame."""

    @property
    def name(self) -> str:
        """The slot's name."""

    @property
    def start(self) -> int:
        """First code point."""

    @property
    def end(self) -> int:
        """The code point after the last."""


class Span(NamedTuple):
    """A slot in code points; `start` comes first, so that spans sort in the order of the text."""

    start: int
    end: int
    name: str


def trimmed(text: str, slots: Iterable[NamedSpan]) -> list[Span]:
    """The slots in the order of the text, without white space at their edges."""
    return sorted(_trim(text, slot) for slot in slots)


def _trim(text: str, slot: NamedSpan) -> Span:
    value = text[slot.start : slot.end]
    start = slot.start + len(value) - len(value.lstrip())
    return Span(start, start + len(value.strip()), slot.name)
