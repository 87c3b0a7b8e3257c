"""The composition root: settings, a source of wishes and a loader in, a running service out. No other file puts parts
together.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any, NamedTuple

from fastapi import FastAPI
from starlette.types import ASGIApp

from polyparse.contract.frame import Frame
from service import clock as clocks
from service.api import health, problems, routes
from service.api.endpoint import Endpoint
from service.api.head import HeadAsGet
from service.api.headers import request_ids
from service.api.health import Readiness
from service.batching.batcher import Batcher
from service.batching.policy import Limits
from service.clock import Clock
from service.loop_lag import LoopLag
from service.memory import is_memory_short
from service.metrics import Metrics
from service.parsing import ParseService
from service.registry.loaded import Loader
from service.registry.manager import Manager
from service.registry.status_file import StatusFile
from service.registry.watcher import Heard, Source, Watcher
from service.settings import Settings


class Service(NamedTuple):
    """What a server needs, and the parts behind it: the application, its readiness, its versions and its batcher."""

    asgi: ASGIApp
    readiness: Readiness
    manager: Manager
    batcher: Batcher[Any, Frame]


@asynccontextmanager
async def running(
    settings: Settings,
    source: Source,
    *,
    loader: Loader,
    threads: int,
    status_file: StatusFile | None = None,
    clock: Clock = clocks.system,
) -> AsyncIterator[Service]:
    """Load what is wished and serve it for the length of the `with`; what refuses the first load is raised."""
    metrics, lag = Metrics(), LoopLag(clock)
    limits = Limits(queue_tokens=settings.queue_tokens, batch_tokens=settings.batch_tokens)
    batcher = Batcher[Any, Frame](limits=limits, threads=threads, clock=clock)
    manager = Manager(
        loader=loader,
        observer=metrics,
        listeners=[metrics.versions] if status_file is None else [metrics.versions, status_file.changed],
        keep_previous=settings.keep_previous,
        load_timeout_s=settings.load_timeout_s,
    )
    metrics.watch_queue(lambda: batcher.waiting_tokens, batcher.oldest_wait_s)
    metrics.watch_loop(lag.longest_s)
    ids = request_ids()
    readiness = Readiness(manager, batcher, clock=clock, timeout_s=settings.probe_timeout_s)
    parsing = ParseService(manager, batcher, metrics, max_text_chars=settings.max_text_chars, clock=clock)
    endpoints = {
        route.path: Endpoint(
            route.name,
            route.handler(parsing, settings),
            metrics=metrics,
            settings=settings,
            clock=clock,
            ids=ids,
        )
        for route in routes.FAST_ROUTES
    }
    app = FastAPI(
        title="polyparse",
        summary="Utterances in, frames out",
        version=version("polyparse"),
        redirect_slashes=False,
    )
    routes.install(app, endpoints, metrics)
    health.install(app, readiness, ids)
    problems.install(app, ids)
    try:
        async with _followed(source, manager, metrics, settings, status_file):
            yield Service(routes.FastPath(endpoints, HeadAsGet(app)), readiness, manager, batcher)
    finally:
        await manager.close()
        await batcher.close(settings.drain_timeout_s)
        lag.stop()


@asynccontextmanager
async def _followed(
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
        after_look=(lambda: None) if status_file is None else status_file.flush,
        interval_s=settings.state_poll_s,
    )
    watcher.start()
    try:
        yield
    finally:
        watcher.stop()
        if status_file is not None:
            await asyncio.to_thread(status_file.remove)
