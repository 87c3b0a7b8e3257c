"""What the page is made from and its sections are made of, as data: a report; tables, and utterances with marked spans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from polyparse.evaluation.evaluate import Case


class Report(NamedTuple):
    """What was evaluated and how, its measures as metrics.json has them, and every utterance with its frame."""

    title: str
    facts: Mapping[str, str]
    measures: Mapping[str, Any]
    cases: Sequence[Case]


class Column(NamedTuple):
    """A column of a table: text, a whole number, a share in [0, 1] that gets a bar, or a rate, which gets none."""

    name: str
    kind: Literal["text", "number", "share", "rate"] = "text"


class MarkedSpan(NamedTuple):
    """A marked span of an utterance, code points [start, end), and whether it is right."""

    start: int
    end: int
    name: str
    right: bool


class Piece(NamedTuple):
    """A part of an utterance's text, and its span where it is a marked one."""

    text: str
    span: MarkedSpan | None = None


class MarkedText(NamedTuple):
    """An utterance, cut into plain and marked pieces."""

    locale: str
    pieces: Sequence[Piece]


Cell = str | int | float | MarkedText | None


class Table(NamedTuple):
    """A table; the first cell of a row is its name, `total` is the last row, and a cell without a value is None."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    total: Sequence[Cell] = ()


def pieces(text: str, spans: Iterable[MarkedSpan]) -> Iterator[Piece]:
    """The text in order, cut where spans begin and end; of two spans that overlap, the first counts."""
    at = 0
    for span in sorted(spans):
        if span.start >= at:
            yield Piece(text[at : span.start])
            yield Piece(text[span.start : span.end], span)
            at = span.end
    yield Piece(text[at:])
