"""What the batching policy decides, on numbers alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.batching.policy import (
    LOOKAHEAD,
    MAX_RETRY_S,
    Limits,
    Size,
    ThreadStates,
    admits,
    batch_tokens_of,
    half_of,
    retry_after_s,
    states_of,
    take,
    thread_states,
    threads_of_guests,
    work_of,
)

LIMITS = Limits(queue_tokens=100, batch_tokens=64)
PADDED = Limits(queue_tokens=100, batch_tokens=64, is_padded=True)
sizes = st.builds(Size, tokens=st.integers(1, 80), sequences=st.integers(1, 10))
queues = st.lists(sizes, min_size=1, max_size=40)


def area(batch: list[Size]) -> int:
    return sum(size.sequences for size in batch) * max(size.tokens for size in batch)


@pytest.mark.parametrize(
    ("asked", "device", "tokens"),
    [(None, "cpu", 512), (None, "cuda", 4096), (64, "cpu", 64), (64, "cuda", 64)],
)
def test_a_batch_is_as_large_as_asked_or_as_suits_the_device(
    asked: int | None, device: str, tokens: int
) -> None:
    assert batch_tokens_of(asked, device) == tokens


def test_equal_items_fill_the_batch_in_order() -> None:
    assert take([Size(8, 1)] * 20, 1, LIMITS) == list(range(8))


def test_an_n_best_item_takes_the_room_of_its_decodes() -> None:
    assert take([Size(8, 7), Size(8, 2), Size(8, 1)], 1, LIMITS) == [0, 2]


def test_where_sequences_are_padded_a_long_item_does_not_pad_short_ones_but_leads_the_next_batch() -> None:
    queue = [Size(2, 1)] * 4 + [Size(30, 1), Size(2, 1)]
    for is_padded, expected in ((True, [0, 1, 2, 3, 5]), (False, [0, 1, 2, 3, 4, 5])):
        limits = Limits(queue_tokens=100, batch_tokens=512, is_padded=is_padded)
        assert take(queue, 1, limits) == expected


def test_a_deep_queue_is_taken_in_its_order_and_a_smaller_item_fills_what_is_left() -> None:
    """Whoever goes first, as many wait: in another order the last would wait twice as long for the same batches."""
    queue = [Size(8, 1)] + [Size(4, 1), Size(9, 1), Size(8, 1), Size(16, 1)] * 3
    assert take(queue, 1, Limits(queue_tokens=999, batch_tokens=49)) == [0, 1, 2, 3, 4, 5]
    assert take(queue, 1, Limits(queue_tokens=999, batch_tokens=29)) == [0, 1, 2, 3]
    assert take(queue, 1, Limits(queue_tokens=999, batch_tokens=25)) == [0, 1, 2, 5]


def test_what_fits_whole_runs_whole() -> None:
    assert take([Size(8, 1), Size(4, 1), Size(7, 1), Size(5, 1)], 1, LIMITS) == [0, 1, 2, 3]


def test_idle_threads_share_a_short_queue() -> None:
    assert take([Size(4, 1)] * 12, 2, LIMITS) == [0, 1, 2, 3, 4, 5]


def test_an_item_larger_than_any_batch_runs_alone() -> None:
    assert take([Size(500, 3), Size(1, 1)], 1, LIMITS) == [0]


def test_a_queue_is_looked_at_only_so_far() -> None:
    queue = [Size(5, 1), *[Size(60, 1)] * LOOKAHEAD, Size(1, 1)]
    assert take(queue, 1, LIMITS) == [0]


@given(queues, st.integers(1, 4))
def test_a_batch_keeps_order_size_and_padding(queue: list[Size], idle_threads: int) -> None:
    for limits in (LIMITS, PADDED):
        positions = take(queue, idle_threads, limits)
        batch = [queue[i] for i in positions]
        assert positions == sorted(set(positions))
        assert positions[0] == 0
        cost = sum(size.cost for size in batch)
        if len(batch) > 1:
            assert cost <= limits.batch_tokens
        if len(batch) > 1 and limits.is_padded:
            assert area(batch) <= limits.batch_tokens
            assert 1 - cost / area(batch) <= limits.max_padding


@given(queues, st.integers(1, 4), st.sampled_from([LIMITS, PADDED]))
def test_every_item_runs_after_at_most_as_many_batches_as_stood_before_it(
    queue: list[Size], idle_threads: int, limits: Limits
) -> None:
    waiting = list(enumerate(queue))
    for round_number in range(len(queue)):
        taken = set(take([size for _, size in waiting], idle_threads, limits)) if waiting else set()
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


def test_a_short_queue_is_cut_into_no_smaller_shares_than_are_worth_a_run() -> None:
    for idle_threads in (1, 2, 8, 64):
        assert take([Size(4, 1)] * 3, idle_threads, LIMITS) == [0, 1, 2]
        assert take([Size(4, 4), Size(4, 1)], idle_threads, LIMITS) == ([0, 1] if idle_threads == 1 else [0])
    assert take([Size(4, 1)] * 16, 64, LIMITS) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("started_s", "states"),
    [
        ([], ThreadStates(idle=2, busy=0, hung=0)),
        ([9.0], ThreadStates(idle=1, busy=1, hung=0)),
        ([5.0], ThreadStates(idle=1, busy=0, hung=1)),
        ([9.0, 1.0], ThreadStates(idle=0, busy=1, hung=1)),
        ([4.0, 5.0], ThreadStates(idle=0, busy=0, hung=2)),
    ],
)
def test_a_thread_hangs_once_its_batch_began_early_enough(
    started_s: list[float], states: ThreadStates
) -> None:
    assert thread_states(started_s, 5.0, 2) == states
    assert states.all_hang == (states.hung == 2)


@pytest.mark.parametrize(("threads", "expected"), [(1, 1), (2, 1), (3, 2), (8, 7)])
def test_guests_leave_a_thread_to_the_others_where_there_are_several(threads: int, expected: int) -> None:
    assert threads_of_guests(threads) == expected


@pytest.mark.parametrize(("tokens", "expected"), [(1, 1), (100, 50), (101, 50)])
def test_guests_and_heavy_ones_leave_half_of_the_queue_to_the_others(tokens: int, expected: int) -> None:
    limits = Limits(queue_tokens=tokens, batch_tokens=64)
    assert half_of(limits) == Limits(queue_tokens=expected, batch_tokens=64)


@pytest.mark.parametrize(
    ("tokens", "n_best", "expected"), [(8, 1, 8), (9, 10, 18), (436, 10, 872), (0, 1, 1), (1, 10, 2)]
)
def test_each_hypothesis_beyond_the_first_is_a_ninth_more_work(
    tokens: int, n_best: int, expected: int
) -> None:
    assert work_of(tokens, n_best) == expected


@pytest.mark.parametrize(
    ("size", "is_heavy"),
    [
        (Size(8, 1), False),
        (Size(8, 10), False),
        (Size(64, 1), False),
        (Size(65, 1), True),
        (Size(32, 10), False),
        (Size(33, 10), True),
        (Size(436, 10), True),
    ],
)
def test_what_takes_as_long_as_ten_usual_utterances_is_heavy(size: Size, *, is_heavy: bool) -> None:
    assert size.is_heavy == is_heavy


@pytest.mark.parametrize(
    ("light", "heavy", "expected"),
    [
        ((1, 1, 0), (2, 0, 0), (3, 1, 0)),
        ((1, 0, 1), (0, 1, 1), (1, 1, 2)),
        ((0, 0, 2), (2, 0, 0), (0, 0, 2)),
        ((2, 0, 0), (0, 0, 2), (0, 0, 2)),
    ],
)
def test_threads_of_both_lanes_count_and_one_lane_that_hangs_is_enough(
    light: tuple[int, int, int], heavy: tuple[int, int, int], expected: tuple[int, int, int]
) -> None:
    states = states_of([ThreadStates(*light), ThreadStates(*heavy)])
    assert states == expected
    assert states.all_hang == (expected[:2] == (0, 0))
