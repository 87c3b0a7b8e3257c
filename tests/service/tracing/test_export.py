"""Nothing waits for the collector: spans that it does not take are dropped and counted, and the end has a bound."""

import asyncio
from collections.abc import Iterator, Sequence
from threading import Event

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from service.tracing.export import BoundedProcessor, traced_to
from tests.service.fakes import BOUND_S
from tests.service.serving import serving

pytestmark = pytest.mark.anyio
SAMPLED = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}


class Collector(SpanExporter):
    """Takes batches while it is open; it may refuse them, or break."""

    def __init__(self) -> None:
        self.open = Event()
        self.taken = 0
        self.result: SpanExportResult | Exception = SpanExportResult.SUCCESS

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        assert self.open.wait(BOUND_S)
        if isinstance(self.result, Exception):
            raise self.result
        self.taken += len(spans)
        return self.result


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.open.set()


def ended(processor: BoundedProcessor, count: int) -> None:
    """Let so many spans end."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(processor)
    for _ in range(count):
        provider.get_tracer("test").start_span("span").end()


def test_spans_beyond_the_bound_are_dropped_and_counted(collector: Collector) -> None:
    processor = BoundedProcessor(collector, most_waiting=3)
    ended(processor, 5)
    assert processor.dropped == 2
    collector.open.set()
    processor.shutdown()
    assert (collector.taken, processor.dropped) == (3, 2)


@pytest.mark.parametrize("result", [SpanExportResult.FAILURE, OSError("no route")])
def test_spans_that_the_collector_does_not_take_are_counted(
    collector: Collector, result: SpanExportResult | Exception
) -> None:
    processor = BoundedProcessor(collector)
    collector.result = result
    collector.open.set()
    ended(processor, 2)
    processor.shutdown()
    assert processor.dropped == 2


async def test_requests_and_the_end_do_not_wait_for_a_collector_that_hangs(collector: Collector) -> None:
    """The service of the test has no time to drain."""
    tracer = lambda clock: traced_to(collector, share=0.0, clock=clock)  # noqa: E731 - it is all of it
    async with asyncio.timeout(BOUND_S / 2), serving(tracer=tracer, drain_timeout_s=0) as s:
        for _ in range(3):
            assert (await s.parse("a", headers=SAMPLED)).status_code == 200
        assert (await s.samples())["polyparse_trace_spans_dropped_total"] == 0
    assert collector.taken == 0


async def test_what_waits_is_exported_at_the_end(collector: Collector) -> None:
    collector.open.set()
    async with serving(tracer=lambda clock: traced_to(collector, share=1.0, clock=clock)) as s:
        await s.parse("a")
    assert collector.taken == 9


async def test_a_service_without_traces_has_no_count_of_spans() -> None:
    async with serving() as s:
        assert "polyparse_trace_spans_dropped_total" not in await s.samples()
