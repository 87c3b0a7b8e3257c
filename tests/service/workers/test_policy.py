"""Which worker gets a connection, when one that died is replaced, when one is given up."""

from __future__ import annotations

import pytest

from polyparse.errors import ConfigError
from service.workers.policy import (
    LATE_LOOKS,
    LOST_LOOKS,
    Sign,
    Standing,
    check_device,
    choose,
    delay_s,
    quick_ends,
    sign_of,
)

TAKES, BUSY = True, False


@pytest.mark.parametrize(
    ("standings", "expected"),
    [
        ([], None),
        ([Standing(BUSY, 0, 0)], None),
        ([Standing(TAKES, 3, 9), Standing(TAKES, 2, 10)], 1),
        ([Standing(TAKES, 2, 9), Standing(TAKES, 2, 8)], 1),
        ([Standing(TAKES, 2, 8), Standing(TAKES, 2, 9)], 0),
        ([Standing(BUSY, 0, 0), Standing(TAKES, 50, 9)], 1),
        ([Standing(TAKES, 0, 0), Standing(TAKES, 0, 0)], 0),
    ],
)
def test_who_holds_the_fewest_connections_gets_the_next_and_of_equals_who_waits_longest(
    standings: list[Standing], expected: int | None
) -> None:
    assert choose(standings) == expected


@pytest.mark.parametrize(
    ("looks", "sign"),
    [
        (0, Sign.ALIVE),
        (LATE_LOOKS - 1, Sign.ALIVE),
        (LATE_LOOKS, Sign.LATE),
        (LOST_LOOKS - 1, Sign.LATE),
        (LOST_LOOKS, Sign.LOST),
    ],
)
def test_a_worker_without_a_sign_of_life_is_late_then_lost(looks: int, sign: Sign) -> None:
    assert sign_of(looks) is sign


def test_the_first_end_is_followed_by_a_start_at_once_and_quick_ends_by_later_and_later_ones() -> None:
    assert [delay_s(quick) for quick in range(9)] == [0, 0, 1, 2, 4, 8, 16, 30, 30]


@pytest.mark.parametrize(("before", "served_s", "after"), [(0, 0.0, 1), (3, 9.9, 4), (3, 10.0, 0)])
def test_a_worker_that_served_for_long_is_held_against_none(before: int, served_s: float, after: int) -> None:
    assert quick_ends(before, served_s) == after


@pytest.mark.parametrize(("workers", "device"), [(1, "cuda"), (2, "cpu"), (8, "auto")])
def test_any_number_of_workers_is_taken_on_a_cpu_and_one_on_a_gpu(workers: int, device: str) -> None:
    check_device(workers, device)


def test_several_workers_on_a_gpu_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"^--workers: found 2 on cuda, expected 1: a GPU has one process"):
        check_device(2, "cuda")
