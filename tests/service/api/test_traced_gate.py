"""Where requests are traced, the gate lets in whom it would, and traces what it refuses."""

from collections.abc import Mapping
from itertools import count
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from service.admission import AdmissionControl
from service.api.admission_gate import AdmissionGate
from service.api.traced_gate import TracedGate
from service.request_trace import CURRENT
from service.tracing.export import traced_to
from tests.service.fakes import BOUND_S, FakeClock

pytestmark = pytest.mark.anyio

HEADERS = [
    (b"traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    (b"x-request-id", b"mine"),
]


async def spans_of(inside: int, path: bytes = b"/parse") -> list[Mapping[str, Any]]:
    """The attributes of a request's spans, where so much is inside."""
    exporter, clock = InMemorySpanExporter(), FakeClock()
    admission = AdmissionControl(max_wait_s=0.05, batch_tokens=8, clock=clock)
    admission.light.inside += inside
    tracer = traced_to(exporter, share=0.0, clock=clock)
    ids = (str(number) for number in count())
    gate = AdmissionGate(admission, {"/parse": 16}, ids, lambda *_: None)
    passed = TracedGate(gate, tracer, {"/parse": "parse"}, clock)(b"POST", path, HEADERS, clock.now)
    assert (passed.refusal is None) is (inside == 0)
    assert CURRENT.get() is None
    await tracer.close(BOUND_S)
    return [dict(span.attributes or {}) for span in exporter.get_finished_spans()]


async def test_what_is_let_in_has_no_span_yet() -> None:
    assert await spans_of(inside=0) == []


async def test_other_routes_are_nobodys_concern() -> None:
    assert await spans_of(inside=0, path=b"/metrics") == []


async def test_what_is_refused_by_its_head_is_a_span() -> None:
    (attributes,) = await spans_of(inside=1000)
    assert attributes == {
        "http.request.method": "POST",
        "http.response.status_code": 429,
        "polyparse.request_id": "mine",
        "polyparse.outcome": "queue_full",
        "polyparse.tokens": 0,
    }
