"""The composition root: settings and a loader in, a running service out. No other file puts parts together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any, NamedTuple

from fastapi import FastAPI
from starlette.types import ASGIApp

from polyparse.bundle.store import Located
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
from service.cores import usable_cores_here
from service.metrics import Metrics
from service.parsing import ParseService
from service.registry.loaded import Loaded, Loader
from service.registry.manager import MakeBatcher, Manager
from service.settings import Settings

CUDA_THREADS = 2
"""One batch runs while the next is prepared."""


class Service(NamedTuple):
    """What a server needs: the application, its readiness, and the versions behind it."""

    asgi: ASGIApp
    readiness: Readiness
    manager: Manager


@asynccontextmanager
async def running(
    settings: Settings, bundle: Located, *, load: Loader, clock: Clock = clocks.system
) -> AsyncIterator[Service]:
    """Load a bundle and serve it for the length of the `with`; what `load` raises is raised."""
    metrics = Metrics()
    manager = Manager(load=load, make_batcher=_batchers(settings, metrics, clock), observer=metrics)
    metrics.watch_queue(
        lambda: manager.serving.batcher.waiting_tokens if manager.serving else 0,
        lambda: manager.serving.batcher.oldest_wait_s() if manager.serving else 0.0,
    )
    ids = request_ids()
    readiness = Readiness(manager, clock=clock, timeout_s=settings.probe_timeout_s)
    parsing = ParseService(manager, metrics, max_text_chars=settings.max_text_chars, clock=clock)
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
        await manager.serve(bundle)
        yield Service(routes.FastPath(endpoints, HeadAsGet(app)), readiness, manager)
    finally:
        await manager.close(settings.drain_timeout_s)


def _batchers(settings: Settings, metrics: Metrics, clock: Clock) -> MakeBatcher:
    limits = Limits(queue_tokens=settings.queue_tokens, batch_tokens=settings.batch_tokens)

    def make(loaded: Loaded) -> Batcher[Any, Frame]:
        threads = settings.threads or (CUDA_THREADS if loaded.device == "cuda" else usable_cores_here())
        observer = metrics.of_version(loaded.identity)
        return Batcher(loaded.parser.run, limits=limits, threads=threads, clock=clock, observer=observer)

    return make
