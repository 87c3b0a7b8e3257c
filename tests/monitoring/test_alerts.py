"""Every alert has a severity, a text, a runbook and a case in which it fires; what rules and runbooks name exists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from monitoring.__main__ import HERE
from monitoring.documents import groups
from monitoring.rule import Alert, Record
from polyparse.cli.models import arguments as models_arguments
from service.settings import parser as settings_parser
from tests.monitoring.expressions import ROOT, RUNBOOKS, metrics_in, queries_of, records_in
from tests.service.serving import serving
from tests.test_docs import options_of

if TYPE_CHECKING:
    from pathlib import Path

RULES = [rule for group in groups() for rule in group.rules]
ALERTS = [rule for rule in RULES if isinstance(rule, Alert)]
RECORDED = {rule.name for rule in RULES if isinstance(rule, Record)}
BOOKS = sorted(RUNBOOKS.glob("*.md"))
TESTS = yaml.safe_load(HERE.joinpath("rules", "tests.yaml").read_text(encoding="utf-8"))["tests"]
FIRING = "count by (alertname"


def cases() -> list[list[set[str]]]:
    """Of each test the alerts that fire, by the moments at which it looks."""
    return [
        [named(each) for each in test["promql_expr_test"] if each["expr"].startswith(FIRING)]
        for test in TESTS
    ]


def named(moment: dict[str, Any]) -> set[str]:
    """The alerts that are expected to fire at a moment."""
    labels = " ".join(sample["labels"] for sample in moment["exp_samples"])
    return set(re.findall(r'alertname="(\w+)"', labels))


async def metrics_of_the_service() -> set[str]:
    """The names of all metrics that the service shows, with or without a series."""
    async with serving() as s:
        text = (await s.client.get("/metrics")).text
    kinds = re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE)
    return {name for name, _ in kinds}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_says_what_is_wrong_and_where_to_read_on(alert: Alert) -> None:
    assert alert.summary
    assert alert.description
    assert RUNBOOKS.joinpath(f"{alert.name}.md").is_file()


def test_names_of_alerts_and_runbooks_are_the_same_and_each_is_once() -> None:
    assert sorted(alert.name for alert in ALERTS) == [book.stem for book in BOOKS]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_has_a_case_in_which_it_fires_at_one_moment_and_not_at_another(alert: Alert) -> None:
    fires = [[alert.name in firing for firing in moments] for moments in cases()]
    assert [True, False] in [sorted(set(each), reverse=True) for each in fires]


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_a_runbook_says_what_it_means_what_to_look_at_and_what_to_do(book: Path) -> None:
    text = book.read_text(encoding="utf-8")
    assert text.startswith(f"# {book.stem}\n")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["What it means", "What to look at", "What to do"]
    assert queries_of(book)
    assert re.search(r"`|^\$ ", text.split("## What to do")[1], re.MULTILINE)


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_flags_and_recorded_series_of_a_runbook_exist(book: Path) -> None:
    text = book.read_text(encoding="utf-8")
    ours = re.sub(r"kubectl [^\n`]*|python -m [^\n`]*", "", text)
    flags = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", ours))
    assert flags <= {*options_of(settings_parser()), *options_of(models_arguments())}
    assert records_in(text) <= RECORDED


@pytest.mark.anyio
async def test_every_metric_that_rules_and_runbooks_name_is_one_of_the_service() -> None:
    named = {rule.name: metrics_in(rule.expr) for rule in RULES}
    named |= {book.name: metrics_in("\n".join(queries_of(book))) for book in BOOKS}
    actual = await metrics_of_the_service()
    assert {name: metrics - actual for name, metrics in named.items() if metrics - actual} == {}


def test_every_alert_is_named_in_the_readme() -> None:
    readme = ROOT.joinpath("README.md").read_text(encoding="utf-8")
    assert [
        alert.name for alert in ALERTS if f"[{alert.name}](docs/runbooks/{alert.name}.md)" not in readme
    ] == []
