"""`polyparse serve`: read the settings, load what is wished, serve until a signal."""

import asyncio
import atexit
import gc
import logging
import os
import sys
import threading
from collections.abc import Sequence

import uvloop

from polyparse.cli.main import REFUSED
from polyparse.errors import PolyparseError
from polyparse.runtime.session import Device, choose_device
from service import logs
from service.app import running
from service.cores import usable_cores_here
from service.registry.loader import BundleLoader
from service.registry.rehearsal import Rehearsals
from service.registry.source import StateSource
from service.registry.status_file import StatusFile
from service.server import Server
from service.settings import Settings, read

LAST_S = 0.5
"""Time at the end for threads whose work is done."""
CUDA_THREADS = 2
"""One batch runs while the next is prepared."""


def main(argv: Sequence[str]) -> int:
    """Serve, and return 0 after a signal to end. What refuses to start is raised as a PolyparseError."""
    settings = read(argv, os.environ)
    logs.configure(settings.log_level)
    others = threading.enumerate()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(serve(settings))
        except PolyparseError:
            atexit.register(_end_without, _started_since(others), REFUSED)  # Once it is said what refuses.
            raise
    _end_without(_started_since(others), 0)
    return 0


async def serve(settings: Settings) -> None:
    """Serve until a signal."""
    device = choose_device(settings.device)
    source = StateSource(settings.models, settings.model)
    threads = settings.threads or (CUDA_THREADS if device == "cuda" else usable_cores_here())
    gc.collect()
    gc.freeze()  # What is imported stays; versions come and go.
    gc.set_threshold(20_000)  # Requests make few cycles; 700 objects are but some requests.
    status_file = None if source.is_bundle else StatusFile(source.model)
    async with running(
        settings, source, loader=_loader(settings, device), threads=threads, status_file=status_file
    ) as service:
        await Server(service.asgi, settings, on_exit=service.readiness.drain).serve()


def _started_since(others: Sequence[threading.Thread]) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread not in others]


def _end_without(threads: Sequence[threading.Thread], status: int) -> None:
    """End the process at once where one of our threads hangs in a model.

    Python's own end takes down the runtime below such a thread, which then aborts the process.
    """
    for thread in threads:
        thread.join(LAST_S)
    if any(thread.is_alive() for thread in threads):
        logging.shutdown()
        sys.stdout.flush()
        os._exit(status)


def _loader(settings: Settings, device: Device) -> BundleLoader:
    rehearsals = Rehearsals(
        device=device, batch_tokens=settings.batch_tokens, timeout_s=settings.load_timeout_s
    )
    return BundleLoader(
        device=device,
        batch_tokens=settings.batch_tokens,
        rehearsals=rehearsals if settings.rehearsal else None,
    )
