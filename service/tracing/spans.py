"""Traces by OpenTelemetry: a root span for each request, with a span for each stage, and one span for each shared run.

The root begins with the request, so that it is sampled and has its ids; all else is made of moments that are known anyhow,
in the turn of the event loop after the answer. No span has a text, or a value of a slot.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from threading import Thread
from time import time_ns

from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    SpanKind,
    StatusCode,
    TracerProvider,
    format_trace_id,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from polyparse.errors import PolyparseError
from service.batching.protocols import SharedRun
from service.clock import Clock
from service.parsed import Parsed
from service.request_trace import CURRENT, RequestTrace
from service.tracing.stages import Stage, answer_of, arrival_of, parse_of
from service.tracing.tracer import TracedEnd, TracedHead

MOST_ITEMS = 100
"""Items of a batch that have a span; of all of them there may be 10,000."""
TRACEPARENT, TRACESTATE = b"traceparent", b"tracestate"
SCOPE = "polyparse"

Attributes = Mapping[str, str | int]


class SpanTracer:
    """Makes spans by two providers: one samples requests; the other one takes all runs, which only sampled ones bring."""

    def __init__(
        self,
        requests: TracerProvider,
        runs: TracerProvider,
        *,
        clock: Clock,
        dropped: Callable[[], int],
        flush: Callable[[], None],
    ) -> None:
        """`dropped` counts spans that were not exported; `flush` exports what waits, in whatever time."""
        self._requests = requests.get_tracer(SCOPE)
        self._runs = runs.get_tracer(SCOPE)
        self._clock = clock
        self._dropped = dropped
        self._flush = flush
        self._propagator = TraceContextTextMapPropagator()

    @property
    def spans_dropped(self) -> int:
        """See Tracer."""
        return self._dropped()

    def begin(self, head: TracedHead, started_s: float) -> RequestTrace:
        """See Tracer. The caller's own context is taken where it is well formed."""
        epoch_ns = time_ns() - int(self._clock() * 1e9)
        span = self._requests.start_span(
            head.name,
            self._propagator.extract(_carrier(head.headers), Context()),
            SpanKind.SERVER,
            {"polyparse.request_id": head.request_id},
            start_time=epoch_ns + int(head.since_s * 1e9),
        )
        context = span.get_span_context()
        trace = RequestTrace(
            format_trace_id(context.trace_id),
            head.request_id,
            context.trace_flags.sampled,
            span,
            self._clock,
            epoch_ns,
            head.since_s,
            started_s,
        )
        CURRENT.set(trace)
        return trace

    def end(self, trace: RequestTrace, end: TracedEnd) -> None:
        """See Tracer."""
        CURRENT.set(None)
        if trace.is_sampled:
            asyncio.get_running_loop().call_soon(self._finish, trace, end)

    def ran(
        self, name: str, run: SharedRun, traces: Sequence[RequestTrace], labels: Mapping[str, str], /
    ) -> None:
        """See Tracer. It is the root of a trace of its own."""
        span = self._runs.start_span(
            name,
            Context(),
            SpanKind.INTERNAL,
            _of_model(labels) | _of_run(run),
            [Link(trace.span.get_span_context()) for trace in traces],
            start_time=traces[0].ns(run.started_s),
        )
        if not run.seconds:
            span.set_status(StatusCode.ERROR)
        span.end(traces[0].ns(run.ended_s))
        for trace in traces:
            trace.runs.append(span.get_span_context())

    async def close(self, timeout_s: float) -> None:
        """See Tracer. What the collector has not taken by then is lost, and its thread is left behind."""
        await asyncio.sleep(0)  # What ended just now is made into spans first.
        loop = asyncio.get_running_loop()
        flushed = asyncio.Event()

        def flush() -> None:
            self._flush()
            with suppress(RuntimeError):  # The loop is closed: nobody waits.
                loop.call_soon_threadsafe(flushed.set)

        Thread(target=flush, name="last spans", daemon=True).start()
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await flushed.wait()

    def _finish(self, trace: RequestTrace, end: TracedEnd) -> None:
        """Make the spans below the root, and end it."""
        root = trace.span
        parsed = [each for each in end.parsed if isinstance(each, Parsed)]
        self._add(trace, arrival_of(trace))
        if end.is_batch:
            self._add_items(trace, end.parsed[:MOST_ITEMS])
        else:
            self._add(trace, (stage for each in parsed for stage in parse_of(each)))
        self._add(trace, answer_of(parsed, end.ended_s))
        root.set_attributes(_of_end(trace, end, parsed))
        for context in trace.runs:
            root.add_link(context)
        if end.status >= 500:
            root.set_status(StatusCode.ERROR)
        root.end(trace.ns(end.ended_s))

    def _add(
        self, trace: RequestTrace, stages: Iterable[Stage], attributes: Attributes | None = None
    ) -> None:
        parent = set_span_in_context(trace.span, Context())
        for stage in stages:
            span = self._requests.start_span(
                stage.name, parent, attributes=attributes, start_time=trace.ns(stage.start_s)
            )
            span.end(trace.ns(stage.end_s))

    def _add_items(self, trace: RequestTrace, outcomes: Sequence[Parsed | PolyparseError]) -> None:
        """A span for each item that was parsed, from its encoding to the end of its run."""
        for position, each in enumerate(outcomes):
            if isinstance(each, Parsed):
                stage = Stage("item", each.since_s - each.encode_s, each.shared.ended_s)
                self._add(trace, [stage], {"polyparse.item": position} | dict(_of_frame(each)))


def _carrier(headers: Sequence[tuple[bytes, bytes]]) -> Mapping[str, str]:
    """The caller's context; several parents are none (W3C Trace Context, 3.2), several lines of state are one list."""
    parents = [value for name, value in headers if name == TRACEPARENT]
    if len(parents) != 1:
        return {}
    states = [value.decode("latin-1") for name, value in headers if name == TRACESTATE]
    return {"traceparent": parents[0].decode("latin-1")} | (
        {"tracestate": ",".join(states)} if states else {}
    )


def _of_model(labels: Mapping[str, str]) -> dict[str, str | int]:
    return {f"polyparse.model.{name}": value for name, value in labels.items()}


def _of_run(run: SharedRun) -> dict[str, str | int]:
    return {"polyparse.batch.items": run.items, "polyparse.batch.tokens": run.tokens}


def _of_frame(parsed: Parsed) -> Iterator[tuple[str, str | int]]:
    """What was understood, without a text or a value."""
    if parsed.frame.locale is not None:
        yield "polyparse.locale", parsed.frame.locale
    if parsed.frame.intent is not None:
        yield "polyparse.intent", parsed.frame.intent.name
    yield from _of_run(parsed.shared).items()


def _of_end(trace: RequestTrace, end: TracedEnd, parsed: Sequence[Parsed]) -> Attributes:
    attributes: dict[str, str | int] = {
        "http.request.method": "POST",
        "http.response.status_code": end.status,
        "polyparse.outcome": end.outcome,
        "polyparse.tokens": trace.tokens,
    }
    if end.is_batch:
        attributes["polyparse.items"] = len(end.parsed)
    for each in parsed[:1]:
        attributes |= _of_model(each.model.labels()) | ({} if end.is_batch else dict(_of_frame(each)))
    return attributes
