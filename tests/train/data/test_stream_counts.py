"""What is counted of a stream is bounded, and what is kept is exact."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tests.train.corpus import examples
from train.data.bounded_counts import BoundedCounts
from train.data.stream_counts import Sample

streams = st.lists(st.lists(st.integers(0, 30), max_size=12), max_size=40)


def counted(counts: BoundedCounts[int], stream: list[list[int]]) -> BoundedCounts[int]:
    for keys in stream:
        counts.add(keys)
        assert len(counts.counts) <= 2 * 5
    return counts


@given(streams)
def test_no_count_lacks_more_than_is_said_and_that_is_little(stream: list[list[int]]) -> None:
    """Misra and Gries' bound: n / capacity."""
    true, counts = Counter(key for keys in stream for key in keys), counted(BoundedCounts(5), stream)
    assert counts.missed * (5 + 1) <= true.total()
    for key, n in true.items():
        assert n - counts.missed <= counts.counts[key] <= n


@given(streams)
def test_a_second_pass_counts_what_is_kept_exactly(stream: list[list[int]]) -> None:
    true, first = Counter(key for keys in stream for key in keys), counted(BoundedCounts(5), stream)
    second = counted(first.exact(), stream)
    assert second.missed == 0
    assert second.counts == {key: true[key] for key in first.counts}
    assert {key for key, n in true.items() if n > first.missed} <= set(second.counts)


def test_the_most_frequent_come_first_and_ties_in_their_order() -> None:
    counts = BoundedCounts[str](2)
    counts.add(["b", "a", "c", "c"])
    assert list(counts.most_common(1).items()) == [("c", 2), ("a", 1)]
    assert counts.most_common(2) == {"c": 2}


def test_a_sample_has_translations_together_whatever_the_order() -> None:
    corpus = examples()
    forwards, backwards = Sample(13), Sample(13)
    for example, last in zip(corpus, reversed(corpus), strict=True):
        forwards.add(example)
        backwards.add(last)
    assert 0 < len(forwards.examples) <= 13
    assert {one.id for one in forwards.examples} == {one.id for one in backwards.examples}
    ids = Counter(one.id for one in forwards.examples)
    assert set(ids.values()) == {len({one.locale for one in corpus})}
