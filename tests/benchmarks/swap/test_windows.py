"""What callers notice follows from records, scrapes and windows alone."""

import pytest

from benchmarks.open_loop import Record
from benchmarks.swap.scrape import Scrape
from benchmarks.swap.windows import (
    REST_S,
    Burst,
    Swap,
    Window,
    bursts,
    failed,
    percentile,
    settled,
    split,
    stale,
)

STEP_S = REST_S / 4


def record(sent_s: float, version: str | None = "a", *, status: int = 200) -> Record:
    """A request that was sent on time and answered at once."""
    return Record(sent_s, sent_s, sent_s + 0.001, status, version)


def scrape(
    at_s: float, states: dict[str, str], *, rss_mb: float = 100.0, others: frozenset[str] = frozenset()
) -> Scrape:
    """A scrape that took no time; `others` are versions that only other series name."""
    return Scrape(at_s, at_s, states, frozenset(states) | others, 0.0, rss_mb)


def swap(old: str, new: str, start_s: float, end_s: float) -> Swap:
    """A swap whose new version answered at once."""
    return Swap(old, new, Window(start_s, end_s), start_s, 100.0)


class TestPercentile:
    @pytest.mark.parametrize(("percent", "expected"), [(99, 99), (100, 100), (50, 50), (0.1, 1), (98.5, 99)])
    def test_it_is_a_value_that_was_seen(self, percent: float, expected: int) -> None:
        assert percentile(reversed(range(1, 101)), percent) == expected

    def test_one_value_is_every_percentile(self) -> None:
        assert percentile([3.0], 1) == percentile([3.0], 99) == 3.0

    def test_no_values_are_refused(self) -> None:
        with pytest.raises(ValueError, match="found no values"):
            percentile([], 99)


class TestSplit:
    def test_a_request_is_in_the_window_in_which_it_was_meant_to_be_sent(self) -> None:
        late = Record(intended_s=2.5, sent_s=3.5, done_s=9.0, status=200, version="a")
        records = [record(0.5), record(1.0), record(2.0), late, record(3.0), record(9.5)]
        inside, outside = split(records, [Window(1.0, 3.0), Window(9.0, 10.0)])
        assert inside == [records[1], records[2], late, records[5]]
        assert outside == [records[0], records[4]]


def test_whatever_is_no_200_has_failed() -> None:
    records = [record(0), record(1, None, status=503), record(2, None, status=0), record(3, None, status=503)]
    assert failed(records) == {503: 2, 0: 1}


def test_failures_close_to_each_other_are_a_burst_and_tell_of_the_swap_before() -> None:
    failures = [record(at_s, None, status=429) for at_s in (1.0, 5.25, 5.375, 5.5, 9.0)]
    late = Record(intended_s=8.875, sent_s=9.0, done_s=9.01, status=200, version="a")
    swaps = [swap("a", "b", 4.0, 6.0), swap("b", "a", 8.0, 9.5)]
    assert bursts([*failures, record(5.3), late], swaps) == [
        Burst(1, 1.0, 0.0, float("inf"), 0.0),
        Burst(3, 5.25, 0.25, 1.25, 0.0),
        Burst(1, 9.0, 0.0, 1.0, 0.125),
    ]


class TestStale:
    SCRAPES = (
        scrape(0.5, {"a": "serving"}),
        scrape(1.5, {"a": "serving", "b": "loading"}),
        scrape(2.0, {"a": "retired", "b": "serving"}),
        scrape(2.5, {"b": "serving"}),
    )
    SWAPS = (swap("a", "b", 1.0, 3.0), swap("b", "a", 10.0, 12.0))

    def test_the_old_version_may_answer_what_was_sent_before_it_was_seen_retired(self) -> None:
        assert stale([record(1.9), record(2.0), record(2.1, "b")], self.SCRAPES, self.SWAPS[:1]) == 0

    def test_what_it_answers_afterwards_is_stale_for_ever(self) -> None:
        assert stale([record(2.01), record(500.0)], self.SCRAPES, self.SWAPS[:1]) == 2

    def test_but_for_the_time_after_it_is_asked_for_again(self) -> None:
        assert stale([record(9.0), record(10.5)], self.SCRAPES, self.SWAPS) == 1

    def test_a_version_that_was_never_seen_to_retire_is_not_stale(self) -> None:
        assert stale([record(2.5)], self.SCRAPES[:2], self.SWAPS[:1]) == 0

    def test_what_failed_was_answered_by_nobody(self) -> None:
        assert stale([record(2.5, None, status=503)], self.SCRAPES, self.SWAPS[:1]) == 0


class TestSettled:
    def scrapes(self, *rss_mb: float, gone_after: int = 0) -> list[Scrape]:
        """Scrapes STEP_S apart; in the first `gone_after` of them a series still names "a"."""
        return [
            scrape(
                number * STEP_S,
                {"b": "serving"},
                rss_mb=each,
                others=frozenset({"a"}) if number < gone_after else frozenset(),
            )
            for number, each in enumerate(rss_mb)
        ]

    def test_memory_is_back_at_the_first_scrape_of_its_rest(self) -> None:
        scrapes = self.scrapes(200, 150, 100, 100.5, 100, 100, 100)
        assert settled(scrapes, "a") == scrapes[2]

    def test_not_while_a_series_names_the_version(self) -> None:
        scrapes = self.scrapes(*[100] * 8, gone_after=3)
        assert settled(scrapes[:7], "a") is None
        assert settled(scrapes, "a") == scrapes[3]

    def test_not_while_it_moves(self) -> None:
        assert settled(self.scrapes(200, 190, 180, 170, 160, 150, 140, 130), "a") is None

    def test_a_rest_that_ends_too_soon_does_not_count(self) -> None:
        scrapes = self.scrapes(200, 200, 200, 100, 100, 100, 100, 100)
        assert settled(scrapes[:7], "a") is None
        assert settled(scrapes, "a") == scrapes[3]
