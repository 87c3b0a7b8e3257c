"""Our counters show what those of Prometheus' client do, which take a lock."""

import re

import prometheus_client
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from service.metrics.counter import Counter
from service.metrics.definitions import Definition

DEFINITION = Definition("frames_total", "counter", ("a", "b"), "frames", "Frames")

labels = st.tuples(st.sampled_from("xy"), st.sampled_from('pq"\n'))


@given(st.lists(st.tuples(labels, st.integers(0, 9))), st.sampled_from("pq"))
def test_it_shows_what_the_clients_own_does(counted: list[tuple[tuple[str, str], int]], gone: str) -> None:
    registry, twins_registry = CollectorRegistry(), CollectorRegistry()
    counter = Counter(DEFINITION)
    registry.register(counter)
    twin = prometheus_client.Counter("frames_total", "Frames", ["a", "b"], registry=twins_registry)
    for of, amount in counted:
        counter.labels(*of).inc(amount)
        twin.labels(*of).inc(amount)
    for each in (counter, twin):
        each.remove_by_labels({"b": gone})
    shown, expected = generate_latest(registry).decode(), generate_latest(twins_registry).decode()
    assert shown == re.sub(r"(?m)^(# (HELP|TYPE) )?frames_created.*\n", "", expected)
