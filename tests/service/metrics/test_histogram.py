"""Our histograms show what those of Prometheus' client do, which take a lock and look at each bucket in turn."""

import re

import prometheus_client
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from service.metrics.definitions import Definition
from service.metrics.histogram import Histogram

BOUNDS = (0.1, 0.5, 1, 2.5)
DEFINITION = Definition("seconds", "histogram", ("a", "b"), "seconds", "Time", BOUNDS)

values = st.one_of(st.sampled_from([0.0, *map(float, BOUNDS)]), st.floats(0, 10))
labels = st.tuples(st.sampled_from("xy"), st.sampled_from('pq"\n'))


@given(st.lists(st.tuples(labels, values)), st.sampled_from("pq"))
def test_it_shows_what_the_clients_own_does(observed: list[tuple[tuple[str, str], float]], gone: str) -> None:
    registry, twins_registry = CollectorRegistry(), CollectorRegistry()
    histogram = Histogram(DEFINITION)
    registry.register(histogram)
    twin = prometheus_client.Histogram("seconds", "Time", ["a", "b"], buckets=BOUNDS, registry=twins_registry)
    for of, value in observed:
        histogram.labels(*of).observe(value)
        twin.labels(*of).observe(value)
    for each in (histogram, twin):
        each.remove_by_labels({"b": gone})
    shown, expected = generate_latest(registry).decode(), generate_latest(twins_registry).decode()
    assert shown == re.sub(r"(?m)^(# (HELP|TYPE) )?seconds_created.*\n", "", expected)


def test_without_labels_it_has_one_series() -> None:
    histogram = Histogram(Definition("sizes", "histogram", (), "1", "Sizes", (1, 2)))
    histogram.labels().observe(2)
    (family,) = histogram.collect()
    assert [sample.value for sample in family.samples] == [0, 1, 1, 1, 2]
