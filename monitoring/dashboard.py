"""The rows as a dashboard of Grafana 10: JSON that it loads from a file, with the data source and the job to choose."""

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

from monitoring.panel import Panel, PanelRow
from monitoring.rows import ROWS

SCHEMA_VERSION = 38
COLUMNS, WIDTH, HEIGHT = 4, 6, 7
"""Panels beside each other, and the size of each on Grafana's grid of 24 columns."""
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def dashboard() -> str:
    """The whole document."""
    document = {
        "uid": "polyparse",
        "title": "polyparse",
        "description": "Written by `python -m monitoring`.",
        "tags": ["polyparse"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [_source_variable(), _job_variable()]},
        "panels": list(_panels()),
    }
    return json.dumps(document, indent=1) + "\n"


def _source_variable() -> dict[str, Any]:
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}


def _job_variable() -> dict[str, Any]:
    return {
        "name": "job",
        "label": "Job",
        "type": "query",
        "datasource": SOURCE,
        "query": "label_values(polyparse_model_info, job)",
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "current": {"text": "All", "value": "$__all"},
    }


def _panels() -> Iterator[dict[str, Any]]:
    ids, y = count(1), 0
    for row in ROWS:
        yield _row(row, next(ids), y)
        y += 1
        for position, panel in enumerate(row.panels):
            line, column = divmod(position, COLUMNS)
            yield _graph(panel, next(ids), {"x": column * WIDTH, "y": y + line * HEIGHT})
        y += HEIGHT * -(-len(row.panels) // COLUMNS)


def _row(row: PanelRow, number: int, y: int) -> dict[str, Any]:
    place = {"x": 0, "y": y, "w": COLUMNS * WIDTH, "h": 1}
    return {
        "id": number,
        "type": "row",
        "title": row.title,
        "collapsed": False,
        "gridPos": place,
        "panels": [],
    }


def _graph(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    return {
        "id": number,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.description,
        "datasource": SOURCE,
        "gridPos": place | {"w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "custom": {"spanNulls": True}}, "overrides": []},
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": SOURCE,
                "expr": query.expr,
                "legendFormat": query.legend,
            }
            for index, query in enumerate(panel.queries)
        ],
    }
