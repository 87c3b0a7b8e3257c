"""What expressions of PromQL name, read without a parser: metrics of processes, and recorded series."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNBOOKS = ROOT / "docs" / "runbooks"
OURS = re.compile(r"\b(?:polyparse|process)_\w+")
RECORDED = re.compile(r"\bpolyparse:[\w:]+")


def metrics_in(text: str) -> set[str]:
    """The metrics of the service that a text names; parts of a histogram count as the histogram."""
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in OURS.findall(text)}


def records_in(text: str) -> set[str]:
    """The recorded series that a text names."""
    return set(RECORDED.findall(text))


def queries_of(runbook: Path) -> list[str]:
    """The queries of a runbook: one a line, in blocks of promql."""
    blocks = re.findall(
        r"^```promql\n(.*?)^```", runbook.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    return [line for block in blocks for line in block.splitlines() if not line.startswith("#")]
