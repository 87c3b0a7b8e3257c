"""Texts of several workers become one: counters are summed, gauges combine by their rule, nothing is lost on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import Exemplar, HistogramMetricFamily
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from service.workers.exposition import (
    Combined,
    add,
    combine,
    exemplars_of,
    latest,
    read,
    series_of,
    split,
    version_of,
    versions_in,
    without_gone,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


class Seconds(Collector):
    """A histogram whose observations have traces."""

    def __init__(self, requests: int, moment: float) -> None:
        self._requests, self._moment = requests, moment

    def collect(self) -> Iterator[HistogramMetricFamily]:
        family = HistogramMetricFamily("seconds", "How long", labels=["version"])
        traced = Exemplar({"trace_id": f"t{self._requests}"}, 0.1, self._moment)
        buckets: list[tuple[str, float] | tuple[str, float, Exemplar]] = [
            ("1.0", float(self._requests), traced),
            ("+Inf", float(self._requests)),
        ]
        family.add_metric(["1"], buckets, self._requests / 10)
        yield family


def registry(requests: int, depth: float, moment: float = 1.0) -> CollectorRegistry:
    made = CollectorRegistry()
    asked = Counter("asked", "How often,\nin all", ["what"], registry=made).labels('a "b"\\{c} 1')
    asked.inc(requests)
    Gauge("depth", "How deep", registry=made).set(depth)
    made.register(Seconds(requests, moment))
    return made


def test_what_is_read_is_written_without_a_loss_in_either_format() -> None:
    ours = registry(3, 0.1)
    families = read(ours)
    counts, moments = split(families)
    both = Combined(families, {**counts, **moments}, exemplars_of(families))
    assert generate_latest(both) == generate_latest(ours)
    assert openmetrics.generate_latest(both) == openmetrics.generate_latest(ours)  # type: ignore[no-untyped-call]
    assert set(moments) == {"depth"}


def test_counters_and_histograms_are_summed() -> None:
    both = [split(read(registry(requests, 0)))[0] for requests in (2, 3)]
    total = add(both)
    assert total["asked"][series_of("asked_total", {"what": 'a "b"\\{c} 1'})] == 5
    assert total["seconds"][series_of("seconds_bucket", {"version": "1", "le": "1.0"})] == 5
    assert total["seconds"][series_of("seconds_count", {"version": "1"})] == 5
    assert add([{}, {"asked_total": {"x": 1.0}}]) == {"asked_total": {"x": 1.0}}


def test_of_the_exemplars_of_a_series_the_latest_is_shown() -> None:
    workers = [read(registry(requests, 0, moment)) for requests, moment in ((2, 5.0), (3, 7.0), (4, 6.0))]
    shown = latest(map(exemplars_of, workers))
    assert shown == {
        series_of("seconds_bucket", {"version": "1", "le": "1.0"}): ({"trace_id": "t3"}, 0.1, 7.0)
    }


def test_gauges_combine_by_their_rule() -> None:
    samples = [{"depth": {"depth": 1.0}, "other": {"x": 5.0}}, {"depth": {"depth": 4.0}, "other": {"x": 3.0}}]
    for rule, value in (("sum", 5), ("max", 4), ("min", 1)):
        assert combine(samples, {"depth": rule}) == {"depth": {"depth": value}, "other": {"x": 5}}
    assert combine(samples, {})["depth"] == {"depth": 4}


def test_the_version_of_a_series_is_that_of_its_label() -> None:
    assert version_of(series_of("x", {"version": "1.2"})) == "1.2"
    assert version_of(series_of("x", {"endpoint": 'a"version": "2"', "version": 'a "b"'})) == 'a "b"'
    assert version_of(series_of("x", {"version": ""})) == ""
    assert version_of(series_of("x", {"conversion": "2"})) is None
    assert version_of(series_of("x", {})) is None


def test_series_of_versions_that_are_gone_are_left_out() -> None:
    first, second, none = (series_of("x", {"version": version}) for version in ("1", "2", ""))
    other = series_of("y", {})
    present = versions_in(
        [{"info": {series_of("info", {"state": "ready", "version": "2"}): 1.0}}, {}], "info"
    )
    assert present == {"2"}
    assert without_gone({"x": {first: 1.0, second: 1.0, none: 1.0}, "y": {other: 1.0}}, present) == {
        "x": {second: 1.0, none: 1.0},
        "y": {other: 1.0},
    }
