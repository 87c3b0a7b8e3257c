"""What is defined is what is shown, and what the README says of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from polyparse.contract.frame import Utterance
from service.batching.policy import ThreadStates
from service.metrics.definitions import BY_NAME, DEFINITIONS, GAUGES, OF_PROCESS, Definition
from service.metrics.garbage import GarbageWatch
from service.metrics.labels import CLASSES
from service.metrics.metrics import Metrics
from service.registry.loaded import ModelVersion
from service.registry.policy import VersionState
from service.registry.version import Version
from tests.service.fakes import FakeClock, FakeOutcome, located, read_words

README = Path(__file__).parents[3] / "README.md"
FIRST = ModelVersion("words", "1", "d1")


def markdown() -> str:
    """The table as the README shows it."""
    lines = [
        "| metric of `/metrics` | type | labels | unit | buckets | workers | what it is |",
        "|---" * 7 + "|",
    ]
    return "\n".join([*lines, *map(row, DEFINITIONS)])


def row(each: Definition) -> str:
    """One metric's."""
    labels = ", ".join(f"`{label}`" for label in each.labels)
    buckets = ", ".join(f"{bound:g}" for bound in each.buckets)
    cells = (f"`{each.name}`", each.kind, labels, each.unit, buckets, each.workers or "sum", each.help)
    return f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")


def everything() -> Metrics:
    """Metrics of which each has a series."""
    metrics = Metrics()
    metrics.of_version(FIRST).ran(1, FakeOutcome([], {"score": 0.1}, 0.5, 2))
    metrics.answered("parse", "ok", "1", 0.1)
    metrics.parsed(read_words(Utterance("a b")))
    metrics.utterances("queue_full")
    metrics.loaded("ok", 1.0)
    metrics.serves(FIRST)
    version = Version(located("1"), VersionState.SERVING)
    version.percent, version.share = 1.0, 0.5
    metrics.versions([version], 1)
    metrics.candidates.compared("1", None, {"frame": True})
    metrics.candidates.failed("1", "internal_error")
    watch = GarbageWatch(FakeClock())
    watch.stop()
    metrics.watched.garbage(watch)
    metrics.watched.log_lines(lambda: 0)
    metrics.watched.trace_spans(lambda: 0)
    metrics.watched.threads(lambda: ThreadStates(1, 0, 0))
    metrics.watched.accelerator(lambda: (1, 2), lambda: 0.5)
    return metrics


def shown() -> dict[str, tuple[str, set[str]]]:
    """Name -> type and labels, as Prometheus reads them."""
    found = {}
    for family in text_string_to_metric_families(everything().render().decode()):
        name = family.name + ("_total" if family.type == "counter" else "")
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        assert family.samples, name
        found[name] = (family.type, labels)
    return found


def test_all_that_is_shown_is_defined_and_all_that_is_defined_is_shown() -> None:
    assert shown() == {name: (each.kind, set(each.labels)) for name, each in BY_NAME.items()}


def test_every_name_is_defined_once_and_says_its_unit_where_prometheus_expects_it() -> None:
    assert len(BY_NAME) == len(DEFINITIONS) + len(OF_PROCESS)
    for each in BY_NAME.values():
        assert re.fullmatch(r"(polyparse|process)(_[a-z]+)+", each.name)
        assert each.name.endswith("_total") == (each.kind == "counter")
        assert (each.unit in {"seconds", "bytes"}) <= (each.unit in each.name)


def test_a_gauge_says_how_workers_combine_and_nothing_else_does() -> None:
    assert set(GAUGES) == {each.name for each in BY_NAME.values() if each.kind == "gauge"}
    assert set(GAUGES.values()) <= {"sum", "max", "min"}


def test_a_histogram_has_buckets_in_order_and_nothing_else_has_any() -> None:
    for each in BY_NAME.values():
        assert bool(each.buckets) == (each.kind == "histogram")
        assert list(each.buckets) == sorted(set(each.buckets))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ok", "ok"),
        ("departed", "departed"),
        ("queue_full", "refused"),
        ("shutting_down", "refused"),
        ("deadline_exceeded", "refused"),
        ("empty_text", "rejected"),
        ("invalid_json", "rejected"),
        ("body_timeout", "rejected"),
        ("model_run_failed", "failed"),
        ("internal_error", "failed"),
    ],
)
def test_an_outcome_is_of_one_class(code: str, expected: str) -> None:
    assert CLASSES[code] == expected


def test_the_readme_shows_the_table() -> None:
    text = README.read_text(encoding="utf-8")
    assert markdown() in text, f"README.md lacks\n{markdown()}"
