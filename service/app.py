"""The composition root: settings, a source of wishes and a loader in, a running service out. No other file puts parts
together.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, NamedTuple

from starlette.types import ASGIApp

from polyparse.contract.frame import Frame
from polyparse.runtime.device_memory import device_memory
from polyparse.runtime.device_use import device_use
from polyparse.runtime.session import Device
from service import clock as clocks
from service import logs
from service.administration import Administration
from service.admission import AdmissionControl
from service.afterwards import Afterwards
from service.api import routes
from service.api.admin.endpoint import AdminContext
from service.api.applications import applications
from service.api.endpoint import Endpoint
from service.api.headers import request_ids
from service.api.health import Liveness, Readiness
from service.api.offer import Offered
from service.api.routes import Exposition
from service.batching.batcher import Batcher
from service.batching.policy import Limits, batch_tokens_of
from service.batching.protocols import RunTracer
from service.clock import Clock
from service.connections import admin_wire_of, admission_of, wire_of
from service.following import followed
from service.hang_watch import HangWatch
from service.http.wire import Wire
from service.lifetime import Lifetime
from service.loop_lag import LoopLag
from service.metrics.definitions import GAUGES, RESTARTS, VERSIONS
from service.metrics.garbage import GarbageWatch
from service.metrics.metrics import Metrics
from service.parsing import ParseService
from service.redaction import Redaction
from service.registry.candidates import Candidates
from service.registry.comparison import Bounds
from service.registry.loaded import Loader
from service.registry.manager import Manager
from service.registry.policy import MOVING
from service.registry.status_file import StatusFile
from service.registry.version import Version
from service.registry.watcher import Source
from service.settings import Settings
from service.shadow.disagreements import Disagreements
from service.shadow.mirror import Mirror
from service.tokens import Tokens
from service.tracing.tracer import Tracer
from service.utterance_log import UtteranceLog
from service.workers.place import Place
from service.workers.publication import Publication

LAST_SPANS_S = 1.0
"""Time at the end for the collector to take the spans that wait, out of that of a drain."""


class Service(NamedTuple):
    """What a server needs, and the parts behind it; `admin` is the application of the admin port, where there is one."""

    asgi: ASGIApp
    admin: ASGIApp | None
    wire: Wire
    admin_wire: Wire
    admission: AdmissionControl
    lifetime: Lifetime
    readiness: Readiness
    manager: Manager
    batcher: Batcher[Any, Frame]
    disagreements: Disagreements


class Surroundings(NamedTuple):
    """What a process has beside the models.

    A file to tell of itself, administrators, a place among workers, a device, a tracer.
    """

    status_file: StatusFile | None = None
    administration: Administration | None = None
    place: Place | None = None
    device: Device = "cpu"
    tracer: Tracer | None = None


ALONE = Surroundings()


@asynccontextmanager
async def running(
    settings: Settings,
    source: Source,
    *,
    loader: Loader,
    threads: int,
    surroundings: Surroundings = ALONE,
    clock: Clock = clocks.system,
) -> AsyncIterator[Service]:
    """Load what is wished and serve it for the length of the `with`; what refuses the first load is raised."""
    status_file, administration, place, device, tracer = surroundings
    administration = administration or _of_one_bundle(settings)
    tokens = await _tokens(settings)
    metrics, lag, garbage = Metrics(), LoopLag(clock), GarbageWatch(clock)
    publication = None if place is None else _publication(place, metrics)
    admission = admission_of(settings, threads, clock)
    batcher = Batcher[Any, Frame](
        limits=_limits(settings, device),
        threads=threads,
        clock=clock,
        retry_after_s=admission.light.retry_after_s,
        tracer=_runs(tracer),
    )
    listeners = (
        *(metrics.versions, partial(strain, admission), administration.changed),
        *(*_changed(status_file), *_changed(publication)),
    )
    manager = Manager(
        loader=loader,
        observer=metrics,
        listeners=listeners,
        keep_previous=settings.keep_previous,
        load_timeout_s=settings.load_timeout_s,
        candidates=_candidates(settings, metrics),
    )
    ids, redaction = request_ids(), _redaction(settings)
    readiness = Readiness(manager, batcher, clock=clock, timeout_s=settings.probe_timeout_s)
    mirror = Mirror(manager, batcher, metrics, redaction=redaction, clock=clock)
    administration.show(mirror.disagreements)
    wire = wire_of(settings, admission, metrics, ids, lag=lag, clock=clock, tracer=tracer)
    hang_watch = _watched(batcher, lag, metrics, settings, tracer)
    _asked(metrics, garbage, readiness, wire, device)
    parsing = ParseService(
        manager,
        batcher,
        metrics,
        admission,
        max_text_chars=settings.max_text_chars,
        clock=clock,
        afterwards=Afterwards(mirror, None if redaction is None else UtteranceLog(redaction)),
    )
    apps = applications(
        _endpoints(parsing, metrics, settings, clock, ids, tracer),
        _exposition(metrics, publication),
        Offered(
            administration,
            Liveness(batcher, hang_timeout_s=settings.hang_timeout_s),
            readiness,
            tokens,
            AdminContext(None, metrics, settings, clock, ids),
        ),
        ids,
    )
    try:
        async with followed(source, manager, metrics, settings, status_file):
            yield Service(
                *apps,
                wire,
                admin_wire_of(settings, metrics, ids, lag=lag, clock=clock),
                admission,
                Lifetime(readiness.drain, partial(batcher.close, 0)),
                readiness,
                manager,
                batcher,
                mirror.disagreements,
            )
    finally:
        administration.close()
        await mirror.close()
        await manager.close()
        await batcher.close(settings.drain_timeout_s)
        await _flushed(tracer, settings)
        for stop in (hang_watch.stop, lag.stop, garbage.stop, *_closes(tokens), *_closes(publication)):
            stop()


def _watched(
    batcher: Batcher[Any, Frame], lag: LoopLag, metrics: Metrics, settings: Settings, tracer: Tracer | None
) -> HangWatch:
    """Let metrics ask for what waits and what runs, and a watch look at the threads."""
    states = partial(batcher.thread_states, settings.hang_timeout_s)
    metrics.watched.queue(lambda: batcher.waiting_tokens, batcher.oldest_wait_s)
    metrics.watched.loop(lag.longest_s)
    metrics.watched.log_lines(logs.lines_dropped)
    if tracer is not None:
        metrics.watched.trace_spans(lambda: tracer.spans_dropped)
    metrics.watched.threads(states)
    return HangWatch(states, hang_timeout_s=settings.hang_timeout_s)


def _asked(metrics: Metrics, garbage: GarbageWatch, readiness: Readiness, wire: Wire, device: Device) -> None:
    """Let metrics ask for all else that is seen only at a scrape."""
    metrics.watched.requests(lambda: metrics.in_flight, lambda: wire.connections)
    metrics.watched.readiness(lambda: readiness.is_ready)
    metrics.watched.garbage(garbage)
    metrics.watched.accelerator(partial(device_memory, device), device_use(device))


def _limits(settings: Settings, device: Device) -> Limits:
    """A core pads no batch as a whole: its graphs take packed tokens, or groups of like lengths (decision 009)."""
    return Limits(
        queue_tokens=settings.queue_tokens,
        batch_tokens=batch_tokens_of(settings.batch_tokens),
        is_padded=device == "cuda",
    )


def strain(admission: AdmissionControl, versions: Sequence[Version], _: int | None) -> None:
    """Let requests wait a little longer while a version comes or goes beside them."""
    for line in (admission.light, admission.heavy):
        line.strain(is_strained=any(each.state in MOVING for each in versions))


def _changed(listener: StatusFile | Publication | None) -> tuple[Any, ...]:
    return () if listener is None else (listener.changed,)


def _closes(part: Tokens | Publication | None) -> tuple[Callable[[], None], ...]:
    return () if part is None else (part.close,)


def _candidates(settings: Settings, metrics: Metrics) -> Candidates:
    bounds = Bounds(settings.canary_min_requests, settings.canary_error_margin, settings.canary_latency_ratio)
    stopped = partial(metrics.candidates.rolled_back, "process")
    return Candidates(bounds, stops_canary=settings.auto_rollback, stopped=stopped)


def _publication(place: Place, metrics: Metrics) -> Publication:
    return Publication(place, metrics.registry, rules=GAUGES, versions=VERSIONS, restarts=RESTARTS)


def _exposition(metrics: Metrics, publication: Publication | None) -> Exposition:
    if publication is not None:
        return Exposition(publication.scrape, publication.scrape_open)
    return Exposition(_awaited(metrics.render), _awaited(metrics.render_open))


def _awaited(render: Callable[[], bytes]) -> Callable[[], Awaitable[bytes]]:
    async def rendered() -> bytes:
        return render()

    return rendered


def _redaction(settings: Settings) -> Redaction | None:
    """How text is shown, where it may be."""
    return Redaction(settings.redact_slots) if settings.log_text else None


def _runs(tracer: Tracer | None) -> RunTracer | None:
    return None if tracer is None else tracer.ran


async def _flushed(tracer: Tracer | None, settings: Settings) -> None:
    if tracer is not None:
        await tracer.close(min(LAST_SPANS_S, settings.drain_timeout_s))


def _endpoints(
    parsing: ParseService,
    metrics: Metrics,
    settings: Settings,
    clock: Clock,
    ids: Iterator[str],
    tracer: Tracer | None,
) -> dict[str, Endpoint]:
    return {
        route.path: Endpoint(
            route.name,
            route.handler(parsing, settings),
            metrics=metrics,
            settings=settings,
            clock=clock,
            ids=ids,
            tracer=tracer,
        )
        for route in routes.FAST_ROUTES
    }


async def _tokens(settings: Settings) -> Tokens | None:
    """The tokens of administrators, followed from now on; a ConfigError says why their file cannot be used."""
    if settings.admin_token_file is None:
        return None
    tokens = await asyncio.to_thread(Tokens, settings.admin_token_file)
    tokens.start()
    return tokens


def _of_one_bundle(settings: Settings) -> Administration:
    """Shows what serves; there is no state to edit, and so nothing to check."""
    return Administration(None, check=lambda *_: None, edit_timeout_s=settings.load_timeout_s)
