"""What is wished comes into the cache, however often that fails first; what is wished no more is given up."""

from __future__ import annotations

from functools import partial
from threading import Event, Semaphore
from time import monotonic, sleep
from typing import TYPE_CHECKING

import pytest

from polyparse.bundle.state import Pointer
from polyparse.errors import FetchCancelled, RepositoryUnreachable
from polyparse.repository.cache import Held
from polyparse.repository.cache_lock import hold
from service.registry.errors import LoadFailed
from service.registry.fetcher import FIRST_S, LONGEST_S, Fetcher, delay_s

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ONE, TWO, THREE = (Pointer(version, 64 * version) for version in "123")
BOUND_S = 30


class Obtained:
    """Obtains what it is allowed to; a real lock stands for each bundle."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.failures: list[Exception] = []
        self.asked: list[Pointer] = []
        self.began: dict[Pointer, Event] = {}
        self.hangs: set[Pointer] = set()
        self.tries: Semaphore | None = None
        """How many more tries may begin; None where all may."""

    def __call__(self, pointer: Pointer, is_cancelled: Event) -> Held:
        self.asked.append(pointer)
        self.began.setdefault(pointer, Event()).set()
        assert self.tries is None or self.tries.acquire(timeout=BOUND_S)
        if pointer in self.hangs:
            assert is_cancelled.wait(BOUND_S)
            raise FetchCancelled("found another wish, expected the same", file="x")
        if self.failures:
            raise self.failures.pop(0)
        lock = hold(self.folder / pointer.version, alone=False)
        assert lock is not None
        return Held(self.folder / pointer.version, lock)

    def is_held(self, pointer: Pointer) -> bool:
        lock = hold(self.folder / pointer.version, alone=True)
        if lock is not None:
            lock.release()
        return lock is None


@pytest.fixture
def obtained(tmp_path: Path) -> Obtained:
    return Obtained(tmp_path)


@pytest.fixture
def fetcher(obtained: Obtained) -> Iterator[Fetcher]:
    """Its draws leave the least to wait."""
    fetcher = Fetcher(obtained, draw=lambda: 1.0)
    yield fetcher
    fetcher.close()


def outage(number: int) -> RepositoryUnreachable:
    return RepositoryUnreachable(f"found outage {number}, expected an answer", file="s3://b")


@pytest.mark.parametrize(
    ("failures", "draw", "expected"),
    [
        (1, 0.0, FIRST_S),
        (2, 0.0, 2 * FIRST_S),
        (1, 1.0, FIRST_S / 2),
        (50, 0.0, LONGEST_S),
        (50, 1.0, LONGEST_S / 2),
        (100_000, 0.5, 0.75 * LONGEST_S),
    ],
)
def test_tries_come_later_and_later_up_to_a_bound_and_differ(
    failures: int, draw: float, expected: float
) -> None:
    assert delay_s(failures, draw) == pytest.approx(expected)


def test_what_is_wished_is_brought_and_held_the_first_one_first(fetcher: Fetcher, obtained: Obtained) -> None:
    fetcher.wish([ONE, TWO])
    for pointer in (ONE, TWO):
        fetcher.wait(pointer)
        assert fetcher.folder(pointer) == obtained.folder / pointer.version
        assert obtained.is_held(pointer)
    assert obtained.asked == [ONE, TWO]


def test_what_is_wished_no_more_may_be_evicted(fetcher: Fetcher, obtained: Obtained) -> None:
    fetcher.wish([ONE])
    fetcher.wait(ONE)
    fetcher.wish([TWO])
    assert not obtained.is_held(ONE)
    assert fetcher.folder(ONE) is None


def test_what_fails_is_tried_again_until_it_is_here(fetcher: Fetcher, obtained: Obtained) -> None:
    obtained.failures = [outage(1), ValueError("unforeseen")]
    obtained.tries = Semaphore(0)
    fetcher.wish([ONE])
    for problem in (RepositoryUnreachable, LoadFailed):
        obtained.tries.release()
        until(partial(is_problem, fetcher, problem))
    obtained.tries.release()
    until(lambda: fetcher.folder(ONE) is not None)
    assert (fetcher.problem(ONE), fetcher.folder(ONE)) == (None, obtained.folder / "1")


def is_problem(fetcher: Fetcher, kind: type[Exception]) -> bool:
    return isinstance(fetcher.problem(ONE), kind)


def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds."""
    ends_s = monotonic() + BOUND_S
    while not condition():
        assert monotonic() < ends_s
        sleep(0.005)


def test_one_that_fails_keeps_no_other_from_coming(fetcher: Fetcher, obtained: Obtained) -> None:
    obtained.failures = [outage(1)]
    fetcher.wish([ONE, TWO])
    fetcher.wait(TWO)
    assert fetcher.folder(TWO) is not None
    fetcher.wait(ONE)


def test_one_that_hangs_is_given_up_when_it_is_wished_no_more(fetcher: Fetcher, obtained: Obtained) -> None:
    obtained.hangs = {ONE}
    fetcher.wish([ONE])
    assert obtained.began.setdefault(ONE, Event()).wait(BOUND_S)
    fetcher.wish([TWO])
    fetcher.wait(TWO)
    assert fetcher.folder(TWO) is not None


def test_a_new_first_wish_does_not_wait_for_a_candidate_that_hangs(
    fetcher: Fetcher, obtained: Obtained
) -> None:
    obtained.hangs = {THREE}
    fetcher.wish([ONE, THREE])
    assert obtained.began.setdefault(THREE, Event()).wait(BOUND_S)
    fetcher.wish([TWO, ONE, THREE])
    fetcher.wait(TWO)
    assert fetcher.folder(TWO) is not None


def test_at_the_end_all_is_let_go(fetcher: Fetcher, obtained: Obtained) -> None:
    fetcher.wish([ONE])
    fetcher.wait(ONE)
    fetcher.close()
    assert not obtained.is_held(ONE)
    fetcher.wish([TWO])
    assert fetcher.folder(TWO) is None
