"""The dashboard: each panel has its place, its unit and its queries, and what they name exists."""

from __future__ import annotations

import json
import re
from itertools import combinations
from typing import Any

import pytest
import yaml

from monitoring.__main__ import HERE
from monitoring.dashboard import dashboard
from monitoring.rows import ROWS
from tests.monitoring.expressions import metrics_in, records_in
from tests.monitoring.test_alerts import RECORDED, metrics_of_the_service

DASHBOARD = json.loads(dashboard())
GRAPHS = [panel for panel in DASHBOARD["panels"] if panel["type"] == "timeseries"]
QUERIES = [query for row in ROWS for panel in row.panels if not panel.cuda_only for query in panel.queries]
UNITS = {"none", "short", "bool", "s", "bytes", "percentunit", "reqps", "cps"}
"""Ids of units that Grafana knows."""


def test_ids_and_titles_are_unique() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    titles = [panel["title"] for panel in GRAPHS]
    assert len(ids) == len(set(ids))
    assert len(titles) == len(set(titles))
    for graph in GRAPHS:
        references = [target["refId"] for target in graph["targets"]]
        assert references == sorted(set(references))


def test_no_panel_lies_over_another_or_outside_of_the_grid() -> None:
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    assert not [(one, other) for one, other in combinations(places, 2) if overlap(one, other)]


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return all(
        one[start] < other[start] + other[size] and other[start] < one[start] + one[size]
        for start, size in (("x", "w"), ("y", "h"))
    )


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph["title"])
def test_a_panel_has_a_unit_and_asks_the_source_and_the_jobs_that_are_chosen(graph: dict[str, Any]) -> None:
    assert graph["fieldConfig"]["defaults"]["unit"] in UNITS
    assert graph["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert graph["targets"]
    for target in graph["targets"]:
        assert target["expr"].count('job=~"$job"') == len(
            re.findall(r"\b(?:polyparse|process)[_:]", target["expr"])
        )
        assert target["legendFormat"]


def test_variables_that_are_used_are_defined() -> None:
    used = set(re.findall(r"\$\{?(\w+)", dashboard())) - {"__rate_interval", "__all"}
    assert used == {variable["name"] for variable in DASHBOARD["templating"]["list"]}


@pytest.mark.anyio
async def test_every_metric_that_a_panel_shows_is_one_of_the_service_or_is_recorded() -> None:
    actual = await metrics_of_the_service()
    for query in QUERIES:
        assert metrics_in(query.expr) <= actual, query.expr
        assert records_in(query.expr) <= RECORDED


def test_grafana_is_told_of_the_folder_and_of_a_source() -> None:
    folder = HERE / "provisioning"
    (provider,) = yaml.safe_load(folder.joinpath("dashboards", "polyparse.yaml").read_text(encoding="utf-8"))[
        "providers"
    ]
    (source,) = yaml.safe_load(folder.joinpath("datasources", "prometheus.yaml").read_text(encoding="utf-8"))[
        "datasources"
    ]
    assert (provider["type"], source["type"]) == ("file", "prometheus")
    assert provider["options"]["path"].startswith("/")
