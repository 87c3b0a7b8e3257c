"""Runs some work in a thread of its own, a daemon: one that hangs keeps nothing from ending."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import TypeVar

from service.registry.errors import LoadFailed

ResultT = TypeVar("ResultT")


async def in_thread(work: Callable[[], ResultT], name: str) -> ResultT:
    """The result of some work in a daemon thread; one that comes after its caller has gone is dropped."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[ResultT] = loop.create_future()

    def settle(value: ResultT | None, error: BaseException | None) -> None:
        if not result.done():
            result.set_exception(error) if error else result.set_result(value)  # type: ignore[arg-type]

    def run() -> None:
        value: ResultT | None = None
        error: BaseException | None = None
        try:
            value = work()
        except BaseException as raised:  # The one who waits for the thread gets it, whatever it is.
            is_plain = isinstance(raised, Exception) and not isinstance(raised, StopIteration)
            error = raised if is_plain else LoadFailed(raised)
        with suppress(RuntimeError):  # The loop is closed: nobody waits.
            loop.call_soon_threadsafe(settle, value, error)
        del value, error  # Its traceback holds this frame, which would hold it.

    Thread(target=run, name=name, daemon=True).start()
    return await result
