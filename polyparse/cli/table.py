"""Plain tables for people: columns as wide as their widest cell, two spaces between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print the header and the rows, all with as many cells."""
    lines = [tuple(map(visible, cells)) for cells in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for cells in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())
