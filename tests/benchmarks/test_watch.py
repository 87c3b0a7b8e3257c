"""What callers notice in a second, and its row."""

from collections import Counter

from benchmarks.open_loop import NO_ANSWER, Record
from benchmarks.watch import HEADER, second


def record(latency_s: float, status: int = 200, version: str | None = "1") -> Record:
    return Record(10.0, 10.0, 10.0 + latency_s, status, version)


def test_a_second_counts_answers_failures_and_versions_and_orders_latencies() -> None:
    records = [record(0.001 * number) for number in range(1, 100)]
    records += [record(0.5, NO_ANSWER, None), record(0.002, 200, "2")]
    actual = second(records)
    assert (actual.answers, actual.failed) == (100, 1)
    assert (round(actual.p50_ms), round(actual.p99_ms), round(actual.max_ms)) == (50, 99, 500)
    assert actual.versions == Counter({"1": 99, "2": 1})


def test_a_row_stands_under_its_header() -> None:
    line = second([record(0.002), record(0.004, 200, "2")]).line(7)
    assert line == "     7        2       0     4.0     4.0     4.0  1 1, 2 1"
    for title, value in (("second", "7"), ("answers", "2"), ("failed", "0"), ("p99 ms", "4.0")):
        end = HEADER.index(title) + len(title)
        assert line[:end].endswith(value)
