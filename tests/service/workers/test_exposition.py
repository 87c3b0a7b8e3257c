"""Texts of several workers become one: counters are summed, gauges combine by their rule, nothing is lost on the way."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from service.workers.exposition import (
    add,
    combine,
    read_text,
    split,
    version_of,
    versions_in,
    without_gone,
    write_text,
)


def text(requests: int, depth: float) -> str:
    registry = CollectorRegistry()
    Counter("asked", "How often,\nin all", ["what"], registry=registry).labels('a "b"\\{c} 1').inc(requests)
    Gauge("depth", "How deep", registry=registry).set(depth)
    seconds = Histogram("seconds", "How long", ["version"], registry=registry, buckets=(1.0,))
    for _ in range(requests):
        seconds.labels("1").observe(0.1)
    return generate_latest(registry).decode()


def test_a_text_is_read_and_written_without_a_loss() -> None:
    written = text(3, 0.1)
    families = read_text(written)
    counts, moments = split(families)
    assert write_text(families, {**counts, **moments}).decode() == written
    assert {name.removesuffix("_created") for name in moments} == {"asked", "depth", "seconds"}


def test_counters_and_histograms_are_summed() -> None:
    both = [split(read_text(text(requests, 0)))[0] for requests in (2, 3)]
    total = add(both)
    assert total["asked_total"] == {'asked_total{what="a \\"b\\"\\\\{c} 1"}': 5}
    assert total["seconds"]['seconds_bucket{le="1.0",version="1"}'] == 5
    assert total["seconds"]['seconds_count{version="1"}'] == 5
    assert add([{}, {"asked_total": {"x": 1.0}}]) == {"asked_total": {"x": 1.0}}


def test_gauges_combine_by_their_rule_and_a_moment_of_creation_is_the_first() -> None:
    samples = [{"depth": {"depth": 1.0}, "other": {"x": 5.0}}, {"depth": {"depth": 4.0}, "other": {"x": 3.0}}]
    for rule, value in (("sum", 5), ("max", 4), ("min", 1)):
        assert combine(samples, {"depth": rule}) == {"depth": {"depth": value}, "other": {"x": 5}}
    assert combine(samples, {})["depth"] == {"depth": 4}


def test_the_version_of_a_series_is_found_wherever_it_stands() -> None:
    assert version_of('x{version="1.2"}') == "1.2"
    assert version_of('x{endpoint="parse",version="1.2",z="y"}') == "1.2"
    assert version_of('x{version=""}') == ""
    assert version_of('x{conversion="2"}') is None
    assert version_of("x") is None


def test_series_of_versions_that_are_gone_are_left_out() -> None:
    samples = {"x": {'x{version="1"}': 1.0, 'x{version="2"}': 1.0, 'x{version=""}': 1.0}, "y": {"y": 1.0}}
    present = versions_in([{"info": {'info{state="ready",version="2"}': 1.0}}, {}], "info")
    assert present == {"2"}
    assert without_gone(samples, present) == {
        "x": {'x{version="2"}': 1.0, 'x{version=""}': 1.0},
        "y": {"y": 1.0},
    }
