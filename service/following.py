"""Follows what is wished: the first wish is served before anything else, each later one as it comes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from service.memory import is_memory_short
from service.metrics.metrics import Metrics
from service.registry.fleet_rollback import FleetRollback
from service.registry.manager import Manager
from service.registry.status_file import StatusFile
from service.registry.watcher import Heard, Source, Watcher
from service.settings import Settings


@asynccontextmanager
async def followed(
    source: Source, manager: Manager, metrics: Metrics, settings: Settings, status_file: StatusFile | None
) -> AsyncIterator[None]:
    """Serve what is wished, and follow each wish that comes, for the length of the `with`."""
    first = await asyncio.to_thread(source.read)
    await manager.start(first)

    def heard(news: Heard) -> None:
        metrics.state_readable(is_readable=news.is_readable)
        manager.wish(news.desired, is_memory_short=news.is_memory_short)

    watcher = Watcher(
        source,
        first,
        heard,
        is_memory_short=is_memory_short,
        after_look=(lambda: None)
        if status_file is None
        else _after_look(status_file, manager, metrics, settings),
        interval_s=settings.poll_s,
    )
    watcher.start()
    try:
        yield
    finally:
        watcher.stop()
        if status_file is not None:
            await asyncio.to_thread(status_file.remove)


def _after_look(
    status_file: StatusFile, manager: Manager, metrics: Metrics, settings: Settings
) -> Callable[[], None]:
    """What the watcher's thread does with files: say what this process does, then stop a canary that most find unhealthy."""
    if not settings.auto_rollback:
        return status_file.flush
    loop = asyncio.get_running_loop()
    rollback = FleetRollback(
        status_file.model,
        f"serve@{status_file.host}-{status_file.pid}",
        sick=lambda: manager.candidates.sick,
        stopped=lambda: loop.call_soon_threadsafe(metrics.candidates.rolled_back, "fleet"),
    )

    def after_look() -> None:
        status_file.flush()
        rollback.look()

    return after_look
