"""What the connections of a server share, put together from settings: their bounds, and who may come in."""

from collections.abc import Iterator

from polyparse.errors import PolyparseError
from service.admission import AdmissionControl
from service.api import problems, routes
from service.api.admission_gate import NEEDS_NONE, AdmissionGate
from service.api.traced_gate import TracedGate
from service.batching.policy import batch_tokens_of
from service.clock import Clock
from service.descriptors import connections_here
from service.http.arrivals import Arrivals
from service.http.limits import ConnectionLimits
from service.http.wire import HeadGate, Wire
from service.loop_lag import LoopLag
from service.metrics.metrics import Metrics
from service.settings import Settings
from service.tracing.tracer import Tracer

ADMIN_CONNECTIONS = 64
"""At once, at the admin port: a few people, probes and a scraper."""


def admission_of(settings: Settings, threads: int, clock: Clock) -> AdmissionControl:
    """Who may come in, for a service of so many inference threads."""
    return AdmissionControl(
        max_wait_s=settings.max_wait_ms / 1000,
        batch_tokens=batch_tokens_of(settings.batch_tokens) * threads,
        threads=threads,
        clock=clock,
    )


def wire_of(  # noqa: PLR0913 - the parts that it puts to use
    settings: Settings,
    admission: AdmissionControl,
    metrics: Metrics,
    ids: Iterator[str],
    *,
    lag: LoopLag,
    clock: Clock,
    tracer: Tracer | None = None,
) -> Wire:
    """What all connections of the port that serves share."""
    gate = _gate(admission, metrics, ids, tracer, clock)
    return _wire(
        settings,
        settings.max_connections or connections_here(),
        gate,
        metrics,
        ids,
        Arrivals(clock, lag.late_s),
    )


def admin_wire_of(
    settings: Settings, metrics: Metrics, ids: Iterator[str], *, lag: LoopLag, clock: Clock
) -> Wire:
    """What all connections of the admin port share; every head may come in there."""
    return _wire(
        settings, ADMIN_CONNECTIONS, lambda *_: NEEDS_NONE, metrics, ids, Arrivals(clock, lag.late_s)
    )


def _wire(
    settings: Settings,
    connections: int,
    gate: HeadGate,
    metrics: Metrics,
    ids: Iterator[str],
    arrivals: Arrivals,
) -> Wire:
    return Wire(
        ConnectionLimits(
            connections=connections,
            head_s=settings.head_timeout_s,
            idle_s=settings.idle_timeout_s,
            blocked_s=settings.request_timeout_s,
            bodies_bytes=settings.max_bodies_bytes,
        ),
        arrivals=arrivals,
        gate=gate,
        problem=lambda error: problems.on_the_wire(error, next(ids)),
        refused=lambda error: metrics.unrouted(error.code),
    )


def _gate(
    admission: AdmissionControl, metrics: Metrics, ids: Iterator[str], tracer: Tracer | None, clock: Clock
) -> HeadGate:
    most_tokens = {route.path: route.most_tokens for route in routes.FAST_ROUTES}
    names = {route.path: route.name for route in routes.FAST_ROUTES}

    def refused(path: str, error: PolyparseError, arrived_s: float) -> None:
        metrics.refused(names[path], error.code, clock() - arrived_s)

    gate = AdmissionGate(admission, most_tokens, ids, refused)
    return gate if tracer is None else TracedGate(gate, tracer, names, clock)
