"""A log line tells when an inference thread begins to hang, once for each, and when none does any more."""

import asyncio
import logging

import pytest

from service.batching.policy import ThreadStates
from service.hang_watch import HangWatch
from tests.service.fakes import BOUND_S

pytestmark = pytest.mark.anyio


async def test_changes_are_told_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    seen = [
        ThreadStates(0, 2, 0),
        ThreadStates(0, 1, 1),
        ThreadStates(0, 1, 1),
        ThreadStates(0, 0, 2),
        ThreadStates(2, 0, 0),
        ThreadStates(2, 0, 0),
    ]
    watch = HangWatch(iter(seen).__next__, hang_timeout_s=60.0)
    for _ in seen:
        watch.look()
    watch.stop()
    told = [
        (record.levelno, record.__dict__["hung"], record.__dict__["threads"]) for record in caplog.records
    ]
    assert told == [(logging.ERROR, 1, 2), (logging.ERROR, 2, 2), (logging.WARNING, 0, 2)]


async def test_it_looks_by_itself_until_it_is_stopped() -> None:
    looks: asyncio.Queue[None] = asyncio.Queue()

    def states() -> ThreadStates:
        looks.put_nowait(None)
        return ThreadStates(1, 0, 0)

    watch = HangWatch(states, hang_timeout_s=0.01)
    async with asyncio.timeout(BOUND_S):
        for _ in range(3):
            await looks.get()
    watch.stop()
    assert watch._timer.cancelled()
