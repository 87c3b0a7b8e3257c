"""HTML in small pieces: whatever comes from data is escaped by construction, since only an element makes markup."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Cell = str | int | float | None


class Html(str):
    """Markup; any other string is text, to be escaped."""

    __slots__ = ()


class Column(NamedTuple):
    """A column of a table: text, a whole number, a share in [0, 1] that gets a bar, or a rate, which gets none."""

    name: str
    kind: Literal["text", "number", "share", "rate"] = "text"


class Marked(NamedTuple):
    """A span of an utterance to mark, code points [start, end); whether it is right."""

    start: int
    end: int
    name: str
    right: bool


def element(tag: str, *content: str, **attributes: str) -> Html:
    """An element; `class_` is its class, `aria_label` its aria-label."""
    given = "".join(f' {_attribute(key)}="{escape(value)}"' for key, value in attributes.items())
    return Html(f"<{tag}{given}>{joined(content)}</{tag}>")


def joined(content: Iterable[str]) -> Html:
    """Pieces one after the other, text among them escaped."""
    return Html("".join(piece if isinstance(piece, Html) else escape(piece) for piece in content))


def percent(share: float) -> str:
    """A share as people read it."""
    return f"{100 * share:.1f}%"


def table(
    caption: str, columns: Sequence[Column], rows: Sequence[Sequence[Cell]], *, footer: int = 0
) -> Html:
    """A table whose rows are named by their first cell; the last `footer` rows sum up. It scrolls where it is too large.

    A cell that is None has nothing to show.
    """
    heads = [element("th", column.name, scope="col", class_=column.kind) for column in columns]
    lines = [_row(row, columns) for row in rows]
    body, foot = lines[: len(lines) - footer], lines[len(lines) - footer :]
    parts = [
        element("caption", caption),
        element("thead", element("tr", *heads)),
        element("tbody", *body),
        *([element("tfoot", *foot)] if foot else []),
    ]
    return element(
        "div", element("table", *parts), class_="scroll", tabindex="0", role="region", aria_label=caption
    )


def utterance(text: str, marks: Sequence[Marked], *, locale: str) -> Html:
    """An utterance with its spans marked and named, in its own language and direction."""
    pieces: list[str] = []
    at = 0
    for mark in sorted(marks):
        if mark.start < at:  # of two that overlap, the first
            continue
        told = [] if mark.right else [element("span", " (differs)", class_="hidden")]
        name = element("span", mark.name, *told, class_="name", lang="en", dir="ltr")
        value = text[mark.start : mark.end]
        kind = "right" if mark.right else "wrong"
        pieces += [text[at : mark.start], element("mark", value, " ", name, class_=kind)]
        at = mark.end
    return element("span", *pieces, text[at:], class_="utterance", lang=locale, dir="auto")


_SHOWN: Mapping[str, Callable[..., str]] = {
    "text": lambda cell: cell,
    "number": "{:,}".format,
    "share": percent,
    "rate": percent,
}


def _row(row: Sequence[Cell], columns: Sequence[Column]) -> Html:
    named = element("th", _shown(row[0], columns[0]), scope="row", class_=columns[0].kind)
    pairs = zip(row[1:], columns[1:], strict=True)
    return element("tr", named, *(_cell(cell, column) for cell, column in pairs))


def _cell(cell: Cell, column: Column) -> Html:
    bar = {"style": f"--share:{cell:.4f}"} if column.kind == "share" and cell is not None else {}
    return element("td", _shown(cell, column), class_=column.kind, **bar)


def _shown(cell: Cell, column: Column) -> str:
    return "–" if cell is None else _SHOWN[column.kind](cell)


def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")
