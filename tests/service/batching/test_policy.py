"""What the batching policy decides, on numbers alone."""

from hypothesis import given
from hypothesis import strategies as st

from service.batching.policy import (
    LOOKAHEAD,
    MAX_RETRY_S,
    Limits,
    Size,
    admits,
    retry_after_s,
    smoothed,
    take,
)

LIMITS = Limits(queue_tokens=100, batch_tokens=64)
sizes = st.builds(Size, tokens=st.integers(1, 80), sequences=st.integers(1, 10))
queues = st.lists(sizes, min_size=1, max_size=40)


def area(batch: list[Size]) -> int:
    return sum(size.sequences for size in batch) * max(size.tokens for size in batch)


def test_equal_items_fill_the_batch_in_order() -> None:
    assert take([Size(8, 1)] * 20, 1, LIMITS) == list(range(8))


def test_an_n_best_item_takes_the_room_of_its_decodes() -> None:
    assert take([Size(8, 7), Size(8, 2), Size(8, 1)], 1, LIMITS) == [0, 2]


def test_a_long_item_does_not_pad_short_ones_but_leads_the_next_batch() -> None:
    queue = [Size(2, 1)] * 4 + [Size(30, 1), Size(2, 1)]
    assert take(queue, 1, Limits(queue_tokens=100, batch_tokens=512)) == [0, 1, 2, 3, 5]


def test_a_deep_queue_gives_a_batch_of_like_lengths() -> None:
    """The first item's length and then the nearest ones, the earliest of each; what is left keeps its order."""
    queue = [Size(8, 1)] + [Size(4, 1), Size(9, 1), Size(8, 1), Size(16, 1)] * 3
    assert take(queue, 1, Limits(queue_tokens=999, batch_tokens=9 * 6)) == [0, 2, 3, 6, 7, 11]


def test_what_fits_whole_runs_whole() -> None:
    assert take([Size(8, 1), Size(4, 1), Size(7, 1), Size(5, 1)], 1, LIMITS) == [0, 1, 2, 3]


def test_idle_threads_share_a_short_queue() -> None:
    assert take([Size(4, 1)] * 6, 2, LIMITS) == [0, 1, 2]


def test_an_item_larger_than_any_batch_runs_alone() -> None:
    assert take([Size(500, 3), Size(1, 1)], 1, LIMITS) == [0]


def test_a_queue_is_looked_at_only_so_far() -> None:
    queue = [Size(1, 1), *[Size(60, 1)] * LOOKAHEAD, Size(1, 1)]
    assert take(queue, 1, LIMITS) == [0]


@given(queues, st.integers(1, 4))
def test_a_batch_keeps_order_size_and_padding(queue: list[Size], idle_threads: int) -> None:
    positions = take(queue, idle_threads, LIMITS)
    batch = [queue[i] for i in positions]
    assert positions == sorted(set(positions))
    assert positions[0] == 0
    if len(batch) > 1:
        assert area(batch) <= LIMITS.batch_tokens
        assert 1 - sum(size.cost for size in batch) / area(batch) <= LIMITS.max_padding


@given(queues, st.integers(1, 4))
def test_every_item_runs_after_at_most_as_many_batches_as_stood_before_it(
    queue: list[Size], idle_threads: int
) -> None:
    waiting = list(enumerate(queue))
    for round_number in range(len(queue)):
        taken = set(take([size for _, size in waiting], idle_threads, LIMITS)) if waiting else set()
        waiting = [each for position, each in enumerate(waiting) if position not in taken]
        assert all(start > round_number for start, _ in waiting)


@given(st.integers(0, 200), sizes)
def test_the_queue_never_exceeds_its_bound_but_for_one_item_alone(waiting: int, size: Size) -> None:
    if admits(waiting, size.cost, LIMITS):
        assert waiting == 0 or waiting + size.cost <= LIMITS.queue_tokens


def test_an_empty_queue_takes_what_exceeds_the_bound() -> None:
    assert admits(0, 10_000, LIMITS)
    assert not admits(1, 10_000, LIMITS)


def test_retry_after_is_the_time_to_drain_in_whole_seconds() -> None:
    assert retry_after_s(1000, 400.0) == 3
    assert retry_after_s(1000, 1e9) == 1
    assert retry_after_s(10**9, 1.0) == MAX_RETRY_S
    assert retry_after_s(1000, 0.0) == 1


def test_the_drain_rate_starts_at_the_first_run_and_follows_later_ones() -> None:
    first = smoothed(0.0, 100, 0.5, threads=2)
    assert first == 400.0
    assert first < smoothed(first, 1000, 0.5, threads=2) < 4000.0
    assert smoothed(first, 100, 0.0, threads=2) == first
