"""A process that serves: read the settings, load what is wished, serve until a signal."""

import asyncio
import atexit
import gc
import logging
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import uvloop

from polyparse.bundle import model as models
from polyparse.bundle.model import FolderModel, Model
from polyparse.bundle.status import ProcessStatus
from polyparse.cli.main import REFUSED
from polyparse.errors import PolyparseError
from polyparse.repository.cache import Cache
from polyparse.repository.repository import opened
from polyparse.runtime.session import Device, choose_device
from polyparse.schema import read_json
from service import clock as clocks
from service import logs
from service.admin_server import administered
from service.administration import Administration
from service.app import Service, Surroundings, running
from service.batching.policy import batch_tokens_of
from service.cores import usable_cores_here
from service.end_signals import EndSignals
from service.registry.loaded import Loader
from service.registry.loader import BundleLoader
from service.registry.rehearsal import Rehearsals
from service.registry.repository_source import RepositorySource
from service.registry.signed_loader import SignedLoader
from service.registry.signed_source import SignedSource
from service.registry.source import StateSource
from service.registry.status_file import StatusFile
from service.registry.turns import Turns
from service.server import Server
from service.service_links import service_links
from service.settings import PREFIX, Settings, read
from service.tracing.tracer import Tracer
from service.worker_server import WorkerServer
from service.workers.board import STATUS, Board
from service.workers.place import Place
from service.workers.policy import check_device

LAST_S = 0.5
"""Time at the end for threads whose work is done."""
NAMED = 3
"""Versions that an edit may name, each tried within the time for a load."""
EDIT_S = 10.0
"""Time of an edit for all else, a version."""
CUDA_THREADS = 2
"""One batch runs while the next is prepared."""
MOST_THREADS = 4
"""As many as keep one event loop busy: it takes in some 11,000 requests a second on a core of its own, and a thread answers
nearly so many. Half of a run is Python, for which threads take turns: on a large node more of them would only cut batches
smaller, and further processes use its cores."""

logger = logging.getLogger(__name__)


def main(argv: Sequence[str], place: Place | None = None) -> int:
    """Serve, and return 0 after a signal to end. What refuses to start is raised as a PolyparseError.

    `place` is that of a worker among others, which its supervisor gives connections.
    """
    settings = read(argv, os.environ)
    fields = {} if place is None else {"worker": place.number}
    logs.configure(settings.log_level, fields=fields)
    if links := service_links(os.environ, PREFIX):
        logger.info("variables that tell of Kubernetes Services are no settings", extra={"ignored": links})
    others = threading.enumerate()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(serve(settings, place))
        except PolyparseError:
            atexit.register(_end_without, _started_since(others), REFUSED)  # Once it is said what refuses.
            raise
    _end_without(_started_since(others), 0)
    return 0


async def serve(settings: Settings, place: Place | None = None) -> None:
    """Serve until a signal; one that comes while the first version loads ends that."""
    with EndSignals() as signals:
        try:
            await _serve(settings, place, signals)
        except asyncio.CancelledError:
            if not signals.has_ended_load:
                raise


async def _serve(settings: Settings, place: Place | None, signals: EndSignals) -> None:
    device = choose_device(settings.device)
    check_device(settings.workers, device)
    settings = _of_worker(
        replace(settings, batch_tokens=batch_tokens_of(settings.batch_tokens, device)), place
    )
    cores = max(1, usable_cores_here() // settings.workers)
    threads = settings.threads or default_threads(device, cores)
    gc.collect()
    gc.freeze()  # What is imported stays; versions come and go.
    gc.set_threshold(20_000)  # Requests make few cycles; 700 objects are but some requests.
    with closing(await asyncio.to_thread(_source, settings)) as source:
        model = None if source.is_bundle else models.of(source.model)
        status_file = None if model is None else StatusFile(model)
        serving = running(
            settings,
            source if model is None or settings.verify_key is None else SignedSource(source, model),
            loader=_loader(settings, device, source, place),
            threads=threads,
            surroundings=Surroundings(
                status_file, _administration(settings, model, place), place, device, _tracer(settings)
            ),
        )
        async with serving as service, administered(service.admin, settings, service.admin_wire):
            server = _server(service, settings, place)
            signals.drain_by(server.handle_exit)
            await server.serve()


def _of_worker(settings: Settings, place: Place | None) -> Settings:
    """The settings of one worker: where there is an admin port, the first worker has it, and the others no admin API."""
    if place is None or place.number == 0 or settings.admin_port is None:
        return settings
    return replace(settings, admin_port=None, admin_token_file=None)


def _tracer(settings: Settings) -> Tracer | None:
    """What makes traces, where they are wanted; ModuleNotFoundError if its packages are absent."""
    if settings.trace_endpoint is None:
        return None
    from service.tracing.export import traced_over_http  # noqa: PLC0415 - few need it, and its packages.

    return traced_over_http(settings.trace_endpoint, share=settings.trace_share, clock=clocks.system)


def _source(settings: Settings) -> StateSource | RepositorySource:
    """What tells the wish: a folder of models, or a repository behind a URL."""
    if isinstance(settings.models, Path):
        return StateSource(settings.models, settings.model)
    cache = Cache(settings.cache, limit_bytes=settings.cache_bytes)
    return RepositorySource(opened(settings.models, cache), settings.model)


def default_threads(device: Device, cores: int) -> int:
    """Inference threads, where no setting says how many."""
    return CUDA_THREADS if device == "cuda" else min(MOST_THREADS, cores)


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


def _server(service: Service, settings: Settings, place: Place | None) -> Server:
    if place is None:
        return Server(service.asgi, settings, service.wire, service.lifetime)
    return WorkerServer(service.asgi, settings, service.wire, service.lifetime, place=place)


def _loader(
    settings: Settings, device: Device, source: StateSource | RepositorySource, place: Place | None
) -> Loader:
    turns = None if place is None else Turns(place.folder)
    batch_tokens = batch_tokens_of(settings.batch_tokens, device)
    rehearsals = Rehearsals(
        device=device, batch_tokens=batch_tokens, timeout_s=settings.load_timeout_s, turns=turns
    )
    loader = BundleLoader(
        device=device,
        batch_tokens=batch_tokens,
        rehearsals=rehearsals if settings.rehearsal else None,
        turns=turns,
        workers=settings.workers,
        ood_threshold=settings.ood_threshold,
    )
    if settings.verify_key is None:
        return loader
    if isinstance(source, RepositorySource):
        return SignedLoader(loader, source.model, settings.verify_key)
    model = FolderModel(source.model.parent if source.is_bundle else source.model)
    return SignedLoader(loader, model, settings.verify_key)


def _administration(settings: Settings, model: Model | None, place: Place | None) -> Administration:
    """The versions that others may see and change; each is tried in a process of its own before a state may name it."""
    trials = Rehearsals(device="cpu", batch_tokens=1, timeout_s=settings.load_timeout_s)
    board = None if place is None else Board(place.folder, place.number)
    edit_timeout_s = NAMED * (settings.load_timeout_s + EDIT_S)
    return Administration(
        model, check=trials.rehearse, others=partial(_others, model, board), edit_timeout_s=edit_timeout_s
    )


def _others(model: Model | None, board: Board | None) -> list[ProcessStatus]:
    """What other processes say: workers of this service, and those that follow the same state."""
    told = [] if model is None else model.statuses()
    workers = {} if board is None else board.read(STATUS)
    told += [read_json(ProcessStatus, content, where=STATUS) for content in workers.values()]
    return list({(each.host, each.pid): each for each in told}.values())
