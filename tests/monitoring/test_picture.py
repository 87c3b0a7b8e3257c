"""The picture: every panel with data, each series by its legend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitoring.__main__ import HERE
from monitoring.picture import Drawn, draw
from monitoring.rows import ROWS

if TYPE_CHECKING:
    from pathlib import Path

PNG = b"\x89PNG\r\n\x1a\n"


def test_every_query_is_asked_with_variables_put_in(tmp_path: Path) -> None:
    asked = []

    def over(expr: str) -> list[Drawn]:
        asked.append(expr)
        return [({"version": "1"}, [10.0, 11.0], [0.5, -1.0])]

    draw(over, tmp_path / "panels.png", length_s=20)
    assert tmp_path.joinpath("panels.png").read_bytes().startswith(PNG)
    assert len(asked) == sum(
        len(panel.queries) for row in ROWS for panel in row.panels if not panel.cuda_only
    )
    assert not [expr for expr in asked if "$" in expr]


def test_the_picture_that_is_shown_is_small() -> None:
    shown = HERE.joinpath("panels.png").read_bytes()
    assert shown.startswith(PNG)
    assert len(shown) < 200_000
