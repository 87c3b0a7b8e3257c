"""Prometheus' own tool takes the rules, as shipped and scaled, and finds that each fires when it should."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from monitoring.__main__ import HERE, main
from tests.monitoring.expressions import RUNBOOKS, queries_of

if TYPE_CHECKING:
    from pathlib import Path

BOUND_S = 300


def promtool(*arguments: str | Path) -> str:
    """What the tool prints; the test fails where it finds a fault."""
    done = subprocess.run(  # noqa: S603 - a tool of Prometheus
        ["promtool", *map(str, arguments)],  # noqa: S607 - wherever it is installed
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.needs_tools("promtool")
@pytest.mark.parametrize("scale", ["1", "0.01"])
def test_rules_are_sound(tmp_path: Path, scale: str) -> None:
    assert main(["--scale", scale, "--out", str(tmp_path)]) == 0
    said = promtool(
        "check", "rules", "--lint=all", "--lint-fatal", *sorted(tmp_path.joinpath("rules").iterdir())
    )
    assert said.count("SUCCESS") == 2


@pytest.mark.needs_tools("promtool")
def test_every_alert_fires_when_it_should_and_not_before() -> None:
    assert "SUCCESS" in promtool("test", "rules", HERE / "rules" / "tests.yaml")


@pytest.mark.needs_tools("promql_parser")
@pytest.mark.parametrize("book", sorted(RUNBOOKS.glob("*.md")), ids=lambda book: book.stem)
def test_every_query_of_a_runbook_can_be_asked(book: Path) -> None:
    import promql_parser  # noqa: PLC0415

    for query in queries_of(book):
        promql_parser.parse(query)
