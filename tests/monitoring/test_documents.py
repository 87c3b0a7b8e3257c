"""The committed rules and dashboard are what the tables say; windows shrink by one factor."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from loadtest.slo import SHIPPED, Slo
from loadtest.toml_file import read
from monitoring.__main__ import HERE, files, main
from monitoring.documents import groups
from monitoring.rule import RANGE, Alert, Record, duration, scaled
from tests.monitoring.expressions import records_in

if TYPE_CHECKING:
    from pathlib import Path

COMMITTED = files()


def loaded(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMMITTED[name])
    return found


@pytest.mark.parametrize("name", COMMITTED)
def test_what_is_committed_is_what_the_tables_say(name: str) -> None:
    assert HERE.joinpath(name).read_text(encoding="utf-8") == COMMITTED[name]


def test_the_command_writes_them_with_runbooks_where_they_are_published(tmp_path: Path) -> None:
    assert main(["--out", str(tmp_path), "--runbooks", "https://pages.example/books"]) == 0
    for name in COMMITTED:
        text = tmp_path.joinpath(name).read_text(encoding="utf-8")
        assert text.replace("https://pages.example/books", "docs/runbooks") == COMMITTED[name]
    assert (
        "https://pages.example/books/PolyparseNotReady.md"
        in tmp_path.joinpath("rules/alerts.yaml").read_text()
    )


def test_memory_is_judged_by_the_limit_that_the_rules_are_written_for(tmp_path: Path) -> None:
    assert main(["--out", str(tmp_path), "--memory-limit-bytes", "4000000000"]) == 0
    written = tmp_path.joinpath("rules/alerts.yaml").read_text(encoding="utf-8")
    assert " / 4000000000 > 0.9" in written
    assert (
        written.replace("4000000000", "1073741824").replace("4,000,000,000", "1,073,741,824")
        == (COMMITTED["rules/alerts.yaml"])
    )


@pytest.mark.parametrize("limit", ["0", "-1", "much"])
def test_a_limit_that_is_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], limit: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--memory-limit-bytes", limit, "--out", str(tmp_path)])
    assert "--memory-limit-bytes" in capsys.readouterr().err


@pytest.mark.parametrize("scale", ["0", "-1", "nan", "inf", "few"])
def test_a_scale_that_is_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], scale: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--scale", scale, "--out", str(tmp_path)])
    assert "--scale" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_object_of_the_operator_holds_the_rules_of_both_files() -> None:
    document = loaded("prometheus-rule.yaml")
    assert (document["apiVersion"], document["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    both = [
        rule
        for name in ("recording", "alerts")
        for g in loaded(f"rules/{name}.yaml")["groups"]
        for rule in g["rules"]
    ]
    held = [rule for group in document["spec"]["groups"] for rule in group["rules"]]
    assert sorted(held, key=str) == sorted(both, key=str)
    names = [group["name"] for group in document["spec"]["groups"]]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("shipped", "scale", "expected"),
    [
        ("5m", 1, "5m"),
        ("5m", 0.01, "3000ms"),
        ("3d", 0.01, "2592000ms"),
        ("0s", 0.01, "0ms"),
        ("1h", 2, "7200000ms"),
    ],
)
def test_a_window_times_a_scale(shipped: str, scale: float, expected: str) -> None:
    assert duration(shipped, scale) == expected


def test_a_scale_changes_windows_and_nothing_else() -> None:
    rules = [rule for group in groups() for rule in group.rules]
    shrunk = [rule for group in groups(scale=0.01) for rule in group.rules]
    for rule, small in zip(rules, shrunk, strict=True):
        assert small == scaled(rule, 0.01)
        assert RANGE.sub("", small.expr) == RANGE.sub("", rule.expr)
        for shipped, short in zip(RANGE.findall(rule.expr), RANGE.findall(small.expr), strict=True):
            assert short == duration(shipped, 0.01)
        kept = {field.name for field in fields(rule)} - {"expr", "holds_for"}
        assert all(getattr(small, name) == getattr(rule, name) for name in kept)
        if isinstance(rule, Alert) and isinstance(small, Alert):
            assert small.holds_for == duration(rule.holds_for, 0.01)


def test_every_recorded_series_that_a_rule_reads_is_recorded() -> None:
    rules = [rule for group in groups() for rule in group.rules]
    recorded = {rule.name for rule in rules if isinstance(rule, Record)}
    assert set().union(*(records_in(rule.expr) for rule in rules)) <= recorded


def test_the_objective_is_that_of_the_load_tests() -> None:
    slo = read(Slo, SHIPPED)
    text = COMMITTED["rules/recording.yaml"]
    assert f'le="{slo.in_time_ms / 1000}"' in text
    assert f"(polyparse:slo_bad:ratio_5m) / {1 - slo.good_share:.6g}\n" in text
    assert f'le="{slo.p99_ms / 1000}"' in COMMITTED["rules/alerts.yaml"]
