"""The sweeper looks at all connections, again and again, and lets others have their turns."""

import asyncio

import pytest

from service.http.sweeper import PER_TURN, Sweeper
from tests.service.fakes import until

pytestmark = pytest.mark.anyio


class Counted:
    def __init__(self) -> None:
        self.looks = 0

    def sweep(self, _now_s: float) -> None:
        self.looks += 1


@pytest.mark.parametrize("count", [0, 1, PER_TURN, 5 * PER_TURN + 1])
async def test_each_is_looked_at_as_often_as_the_others(count: int) -> None:
    connections = [Counted() for _ in range(count)]
    rounds = []

    def listed() -> list[Counted]:
        rounds.append([each.looks for each in connections])
        return connections

    sweeper = Sweeper(listed, period_s=0)
    await until(lambda: len(rounds) >= 3)
    sweeper.stop()
    assert rounds[:3] == [count * [0], count * [1], count * [2]]


async def test_others_have_turns_between() -> None:
    connections = [Counted() for _ in range(10 * PER_TURN)]
    sweeper = Sweeper(lambda: connections, period_s=0)
    seen = []
    while not connections[-1].looks:
        await asyncio.sleep(0)
        seen.append(sum(each.looks for each in connections))
    sweeper.stop()
    assert all(later - earlier <= PER_TURN for earlier, later in zip([0, *seen], seen, strict=False))


async def test_one_that_is_stopped_looks_no_more() -> None:
    connection = Counted()
    sweeper = Sweeper(lambda: 2 * PER_TURN * [connection], period_s=0)
    await until(lambda: connection.looks > 0)
    sweeper.stop()
    looks = connection.looks
    for _ in range(5):
        await asyncio.sleep(0)
    assert connection.looks == looks
