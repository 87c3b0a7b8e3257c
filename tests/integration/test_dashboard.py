"""Grafana's own schema takes the dashboard, and each of its queries has data in a Prometheus that watched the service."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from benchmarks.panels import staged
from monitoring.dashboard import dashboard
from monitoring.picture import as_asked
from monitoring.rows import ROWS
from tests.integration.server import ROOT

if TYPE_CHECKING:
    from pathlib import Path

QUERIES = [
    query.expr for row in ROWS for panel in row.panels if not panel.cuda_only for query in panel.queries
]
BOUND_S = 120
PAUSE_S = 0.5
WINDOW = "3s"


@pytest.mark.needs_tools("promql_parser")
def test_every_query_can_be_asked() -> None:
    import promql_parser  # noqa: PLC0415

    for row in ROWS:
        for query in (query for panel in row.panels for query in panel.queries):
            promql_parser.parse(as_asked(query.expr, window=WINDOW))


@pytest.mark.needs_tools("grafana_foundation_sdk")
def test_every_field_is_one_that_grafana_knows() -> None:
    """What the schema does not know is lost on the way through it."""
    from grafana_foundation_sdk.cog.encoder import JSONEncoder  # noqa: PLC0415
    from grafana_foundation_sdk.models.dashboard import Dashboard  # noqa: PLC0415

    document = json.loads(dashboard())
    through = json.loads(JSONEncoder().encode(Dashboard.from_json(document)))
    assert lost(document, through) == []


def lost(given: object, kept: object, path: str = "") -> list[str]:
    """Where a document has something that another one lacks."""
    if isinstance(given, dict) and isinstance(kept, dict):
        return [each for name in given for each in lost(given[name], kept.get(name), f"{path}/{name}")]
    if isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        pairs = enumerate(zip(given, kept, strict=True))
        return [each for number, (one, other) in pairs for each in lost(one, other, f"{path}/{number}")]
    return [] if given == kept else [path]


@pytest.mark.needs_tools("prometheus")
def test_every_query_has_data_of_a_service_that_answers_all_kinds_of_requests(tmp_path: Path) -> None:
    with staged(tmp_path, ROOT / "models") as stage:
        stage.try_another()
        missing, deadline_s = QUERIES, time.monotonic() + BOUND_S
        while missing and time.monotonic() < deadline_s:
            time.sleep(PAUSE_S)
            missing = [expr for expr in missing if not stage.prometheus.now(as_asked(expr, window=WINDOW))]
    assert missing == []
