"""Work aside of requests: so much at once, none beyond its time, and a thread that hangs keeps its place until it ends."""

import asyncio
from collections.abc import Callable
from threading import Event, current_thread

import pytest

from service.aside import Aside
from service.errors import AnswerTimeout, QueueFull
from tests.service.fakes import BOUND_S, turns, until

pytestmark = pytest.mark.anyio


def held(may: Event, began: list[str], name: str) -> Callable[[], str]:
    """Work that waits."""

    def work() -> str:
        began.append(name)
        assert may.wait(BOUND_S)
        return name

    return work


async def test_work_is_done_in_another_thread_and_its_result_or_error_comes_back() -> None:
    aside = Aside("work", at_once=1, waiting=0, timeout_s=BOUND_S)
    assert await aside.run(lambda: current_thread().name) == "work"
    assert await aside.run(lambda: current_thread().daemon)
    with pytest.raises(ZeroDivisionError):
        await aside.run(lambda: 1 // 0)
    assert await aside.run(lambda: 7) == 7


async def test_so_much_at_once_and_so_much_waits() -> None:
    aside, may = Aside("work", at_once=2, waiting=1, timeout_s=BOUND_S), Event()
    began: list[str] = []
    tasks = [asyncio.create_task(aside.run(held(may, began, name))) for name in "abc"]
    await until(lambda: len(began) == 2)
    with pytest.raises(QueueFull) as refusal:
        await aside.run(lambda: 1)
    assert refusal.value.retry_after_s == 1
    may.set()
    assert await asyncio.gather(*tasks) == ["a", "b", "c"]
    assert sorted(began) == ["a", "b", "c"]


async def test_a_thread_that_hangs_keeps_its_place_and_not_its_caller() -> None:
    aside, may = Aside("work", at_once=1, waiting=1, timeout_s=0.02), Event()
    began: list[str] = []
    for name in "ab":
        with pytest.raises(AnswerTimeout):
            await aside.run(held(may, began, name))
    assert began == ["a"]
    may.set()
    while True:
        try:
            assert await aside.run(lambda: 7) == 7
        except AnswerTimeout:
            continue
        break


async def test_a_caller_who_leaves_harms_nobody() -> None:
    aside, may = Aside("work", at_once=1, waiting=2, timeout_s=BOUND_S), Event()
    began: list[str] = []
    leaving = asyncio.create_task(aside.run(held(may, began, "a")))
    staying = asyncio.create_task(aside.run(held(may, began, "b")))
    await until(lambda: began == ["a"])
    leaving.cancel()
    await turns()
    assert leaving.cancelled()
    assert began == ["a"]
    may.set()
    assert await staying == "b"


async def test_an_error_that_nobody_waits_for_is_dropped() -> None:
    """pytest makes an error of an exception that was never retrieved."""
    aside, may = Aside("work", at_once=1, waiting=0, timeout_s=0.02), Event()

    def fails() -> None:
        assert may.wait(BOUND_S)
        raise ValueError("late")

    with pytest.raises(AnswerTimeout):
        await aside.run(fails)
    may.set()
    await until(lambda: not aside._tasks)
