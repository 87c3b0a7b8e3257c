"""Blocking work beside requests: in daemon threads, so many at once, for a bounded time; none of it waits in a long line."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from service.errors import AnswerTimeout, QueueFull
from service.registry.in_thread import in_thread

ResultT = TypeVar("ResultT")

RETRY_S = 1


class Aside:
    """Runs work for whoever asks. All use is in the event loop's thread."""

    def __init__(self, name: str, *, at_once: int, waiting: int, timeout_s: float) -> None:
        """`name` is that of the threads; `timeout_s` bounds the wait for a thread and its work together."""
        self._name = name
        self._free = asyncio.Semaphore(at_once)
        self._limit = at_once + waiting
        self._asked = 0
        self._timeout_s = timeout_s
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, work: Callable[[], ResultT]) -> ResultT:
        """The result of the work, or what it raises.

        Raises:
            QueueFull: too many others wait.
            AnswerTimeout: it has not ended in time. Its thread goes on, and counts as one of those at once until it ends.
        """
        if self._asked >= self._limit:
            raise QueueFull(
                f"found {self._asked} requests for {self._name} that wait, expected fewer",
                retry_after_s=RETRY_S,
            )
        self._asked += 1
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._free.acquire()
                result: asyncio.Future[ResultT] = asyncio.get_running_loop().create_future()
                self._start(work, result)
                return await result
        except TimeoutError:
            raise AnswerTimeout(self._timeout_s) from None
        finally:
            self._asked -= 1

    def _start(self, work: Callable[[], ResultT], result: "asyncio.Future[ResultT]") -> None:
        task = asyncio.get_running_loop().create_task(self._until_done(work, result))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _until_done(self, work: Callable[[], ResultT], result: "asyncio.Future[ResultT]") -> None:
        """Hold the thread's place until it ends, whether its caller still waits or not."""
        try:
            value = await in_thread(work, self._name)
        except Exception as error:
            if not result.done():
                result.set_exception(error)
        else:
            if not result.done():
                result.set_result(value)
        finally:
            self._free.release()
