"""Where spans go: in batches, by a thread of their own, to a collector, by OTLP over HTTP. Requests never wait for it.

What waits for export is bounded; spans beyond that, and those that the collector does not take, are dropped and counted. A
token for the collector comes in OpenTelemetry's own variable, OTEL_EXPORTER_OTLP_HEADERS.
"""

import os
import socket
from collections.abc import Sequence
from importlib.metadata import version

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBasedTraceIdRatio

from service.clock import Clock
from service.tracing.spans import SpanTracer

MOST_WAITING = 4096
"""Spans: some 400 requests, and 10 MB."""
BATCH = 512
PERIOD_MS = 1000
EXPORT_S = 5.0
"""Time for the collector to take a batch, with all attempts."""


class CountingExporter(SpanExporter):
    """Passes spans on, and counts what was taken off the queue, and what was lost."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self.taken = self.lost = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export a batch, in the processor's thread."""
        result = SpanExportResult.FAILURE
        try:
            result = self._exporter.export(spans)
        finally:
            self.taken += len(spans)
            self.lost += len(spans) if result is not SpanExportResult.SUCCESS else 0
        return result

    def shutdown(self) -> None:
        """Give up what is under way."""
        self._exporter.shutdown()


class BoundedProcessor(SpanProcessor):
    """OpenTelemetry's batches, behind a bound that counts what it drops; the newest spans are dropped."""

    def __init__(self, exporter: SpanExporter, *, most_waiting: int = MOST_WAITING) -> None:
        self._exporter = CountingExporter(exporter)
        self._most_waiting = most_waiting
        self._given = self._refused = 0
        self._batches = BatchSpanProcessor(
            self._exporter,
            max_queue_size=most_waiting + BATCH,
            schedule_delay_millis=PERIOD_MS,
            max_export_batch_size=BATCH,
        )

    @property
    def dropped(self) -> int:
        """How many spans were not exported."""
        return self._refused + self._exporter.lost

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing is done then."""

    def on_end(self, span: ReadableSpan) -> None:
        """Have a span exported, or drop it."""
        if self._given - self._exporter.taken >= self._most_waiting:
            self._refused += 1
            return
        self._given += 1
        self._batches.on_end(span)

    def shutdown(self) -> None:
        """Export what waits; it may take as long as the collector does."""
        self._batches.shutdown()  # type: ignore[no-untyped-call]


def traced_to(exporter: SpanExporter, *, share: float, clock: Clock) -> SpanTracer:
    """A tracer of this share of the requests that bring no decision of their caller's."""
    processor = BoundedProcessor(exporter)
    resource = Resource.create(
        {
            "service.name": os.environ.get("OTEL_SERVICE_NAME", "polyparse"),
            "service.version": version("polyparse"),
            "service.instance.id": f"{socket.gethostname()}:{os.getpid()}",
        }
    )
    requests, runs = (
        TracerProvider(sampler=sampler, resource=resource, shutdown_on_exit=False)
        for sampler in (ParentBasedTraceIdRatio(share), ALWAYS_ON)
    )
    for provider in (requests, runs):
        provider.add_span_processor(processor)
    return SpanTracer(
        requests, runs, clock=clock, dropped=lambda: processor.dropped, flush=processor.shutdown
    )


def traced_over_http(endpoint: str, *, share: float, clock: Clock) -> SpanTracer:
    """A tracer whose spans go to this URL of a collector."""
    return traced_to(OTLPSpanExporter(endpoint, timeout=EXPORT_S), share=share, clock=clock)
