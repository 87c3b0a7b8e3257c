"""`polyparse serve`: read the settings, load the model, serve until a signal."""

import asyncio
import gc
import os
from collections.abc import Sequence
from functools import partial

import uvloop

from polyparse.bundle.store import locate
from service import logs
from service.app import running
from service.registry.loader import load
from service.server import Server
from service.settings import Settings, read


def main(argv: Sequence[str]) -> int:
    """Serve, and return 0 after a signal to end. What refuses to start is raised as a PolyparseError."""
    settings = read(argv, os.environ)
    logs.configure(settings.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(settings))
    return 0


async def serve(settings: Settings) -> None:
    """Serve until a signal."""
    bundle = locate(settings.models, settings.model)
    async with running(settings, bundle, load=partial(load, device=settings.device)) as service:
        gc.collect()
        gc.freeze()  # What is loaded stays: no later collection need walk it.
        gc.set_threshold(20_000)  # Requests make few cycles; 700 objects are but some requests.
        await Server(service, settings).serve()
