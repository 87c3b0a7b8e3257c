"""The figures of a run follow from its timeline, and those of several runs from each one's."""

import pytest

from benchmarks.errors import MeasurementFailed
from benchmarks.open_loop import Record
from benchmarks.swap import figures
from benchmarks.swap.scrape import Scrape
from benchmarks.swap.timeline import Timeline
from benchmarks.swap.windows import Swap, Window

SERVES_A = Scrape(0.0, 0.0, {"a": "serving"}, frozenset({"a"}), 0.5, 100.0)


def record(sent_s: float, version: str, *, latency_ms: float) -> Record:
    """An answer to a request that was sent a millisecond late."""
    return Record(sent_s - 0.001, sent_s, sent_s - 0.001 + latency_ms / 1e3, 200, version)


def swap(old: str, new: str, window: Window, *, rss_mb: float) -> Swap:
    """A swap whose new version answered a quarter of a second after its start."""
    return Swap(old, new, window, window.start_s + 0.25, rss_mb)


SWAPS = (
    swap("a", "b", Window(1.0, 2.0), rss_mb=150.0),
    swap("b", "a", Window(3.0, 4.0), rss_mb=200.0),
    swap("a", "b", Window(5.0, 6.0), rss_mb=150.0),
    swap("b", "a", Window(7.0, 8.0), rss_mb=210.0),
)
ROLLBACK = swap("a", "b", Window(9.0, 11.0), rss_mb=150.0)
TIMELINE = Timeline(
    records=[
        record(0.5, "a", latency_ms=10),
        record(1.5, "a", latency_ms=12),
        record(2.5, "b", latency_ms=8),
        record(3.5, "b", latency_ms=30),
        record(9.5, "a", latency_ms=500),
    ],
    scrapes=[
        SERVES_A,
        SERVES_A._replace(asked_s=1.6, seen_s=1.6, states={"b": "serving"}, lag_s=0.004),
        SERVES_A._replace(asked_s=3.6, seen_s=3.6, lag_s=0.002),
        SERVES_A._replace(asked_s=9.6, seen_s=9.6, lag_s=0.3),
    ],
    swaps=SWAPS,
    rollbacks=[ROLLBACK],
    cpu_share=0.2,
)


class TestRun:
    def test_each_figure_is_what_its_name_says(self) -> None:
        assert figures.of_swaps(TIMELINE) == pytest.approx(
            {
                "failed": 0,
                "stale": 0,
                "p99_ratio": 3.0,
                "max_ms": 30.0,
                "window_p99_ms": 30.0,
                "quiet_p99_ms": 10.0,
                "quiet_max_ms": 10.0,
                "load_stall_ms": 4.0,
                "rss_ratio": 1.05,
                "rss_mb": 210.0,
                "swap_s": 0.25,
                "window_s": 1.0,
                "client_lag_p99_ms": 1.0,
                "client_lag_max_ms": 1.0,
                "client_busy": 0.2,
            }
        )

    def test_going_back_takes_until_the_first_answer(self) -> None:
        assert figures.rollback_s(TIMELINE) == 0.25

    def test_a_load_without_a_request_in_a_window_is_no_measurement(self) -> None:
        with pytest.raises(MeasurementFailed, match="found 0 requests in swaps and 5 others"):
            figures.tail(TIMELINE.records, [Window(20.0, 21.0)])


def test_what_failed_is_counted_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    answered = record(1.0, "a", latency_ms=1)
    records = [answered, answered._replace(status=503), answered._replace(status=0)]
    assert figures.n_failed(records) == 2
    assert capsys.readouterr().err.splitlines() == [
        "failed: 1 lost or not answered",
        "failed: 1 answered with 503",
    ]


def test_faults_add_up_over_runs_and_everything_else_is_the_median() -> None:
    runs = [{"failed": 0, "stale": 1, "max_ms": 9.0}, {"failed": 2, "stale": 0, "max_ms": 1.0}]
    assert figures.over_runs([*runs, {"failed": 0, "stale": 0, "max_ms": 2.0}]) == {
        "failed": 2,
        "stale": 1,
        "max_ms": 2.0,
    }
