"""A traced request has a span for each stage, and the run that it shares has one, linked with all of them."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode, format_span_id, format_trace_id

from service.logs import JsonFormatter
from service.tracing.export import traced_to
from tests.service.fakes import BOUND_S, part, turns
from tests.service.serving import Serving, serving

pytestmark = pytest.mark.anyio

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
STAGES = ["read_body", "encode", "queue", "score", "decode", "assemble", "answer"]


class Traced(NamedTuple):
    """A service whose spans stay here."""

    serving: Serving
    exporter: InMemorySpanExporter
    tracer: Any

    async def spans(self) -> Sequence[ReadableSpan]:
        """All of them, in the order in which they ended; the service takes no more afterwards."""
        await turns()
        await self.tracer.close(BOUND_S)
        return self.exporter.get_finished_spans()


@asynccontextmanager
async def traced(share: float = 0.0, **settings: Any) -> AsyncIterator[Traced]:
    """Trace this share of the requests, and those whose callers want it."""
    exporter = InMemorySpanExporter()
    async with serving(tracer=lambda clock: traced_to(exporter, share=share, clock=clock), **settings) as s:
        yield Traced(s, exporter, s.tracer)


def one(spans: Sequence[ReadableSpan], name: str) -> ReadableSpan:
    (found,) = (span for span in spans if span.name == name)
    return found


def below(spans: Sequence[ReadableSpan], root: ReadableSpan) -> list[ReadableSpan]:
    return [span for span in spans if span.parent and span.parent.span_id == root.context.span_id]


def milliseconds(span: ReadableSpan) -> float:
    assert span.start_time is not None
    assert span.end_time is not None
    return (span.end_time - span.start_time) / 1e6


async def test_a_request_has_a_span_for_each_stage_below_the_callers_own() -> None:
    async with traced() as t:
        answer = await t.serving.parse("wake me", locale="en-US", headers={**SAMPLED, "x-request-id": "mine"})
        assert answer.status_code == 200
        spans = await t.spans()
    root = one(spans, "parse")
    assert format_trace_id(root.context.trace_id) == TRACE
    assert root.parent is not None
    assert format_span_id(root.parent.span_id) == SPAN
    assert [span.name for span in below(spans, root)] == STAGES
    assert root.attributes == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "polyparse.request_id": "mine",
        "polyparse.outcome": "ok",
        "polyparse.model.name": "words",
        "polyparse.model.version": "1",
        "polyparse.model.digest": "d1",
        "polyparse.locale": "en-US",
        "polyparse.intent": "words_2",
        "polyparse.tokens": 2,
        "polyparse.batch.items": 1,
        "polyparse.batch.tokens": 2,
    }
    assert "wake" not in str([(span.name, span.attributes, span.events) for span in spans])


async def test_the_stages_take_as_long_as_the_answer_says() -> None:
    async with traced() as t:
        with t.serving.gate.held():
            first = asyncio.create_task(t.serving.parse("a"))
            await t.serving.gate.batch()
            timed = asyncio.create_task(t.serving.parse("b", headers={**SAMPLED, "x-server-timing": "1"}))
            await turns()
            t.serving.clock.now += 0.0125
        await first
        header = (await timed).headers["server-timing"]
        spans = await t.spans()
    said = {name: float(ms) for name, ms in (stage.split(";dur=") for stage in header.split(", "))}
    assert said == {name: pytest.approx(milliseconds(one(spans, name)), abs=1e-3) for name in said}
    assert said["queue"] == 12.5


async def test_one_span_for_a_shared_run_is_linked_with_its_requests_and_they_with_it() -> None:
    async with traced() as t:
        with t.serving.gate.held():
            first = asyncio.create_task(t.serving.parse("a"))
            await t.serving.gate.batch()
            others = [asyncio.create_task(t.serving.parse(text, headers=SAMPLED)) for text in ("b", "c c")]
            untraced = asyncio.create_task(t.serving.parse("d"))
            await turns()
        await asyncio.gather(first, *others, untraced)
        spans = await t.spans()
    run = one(spans, "run")
    roots = [span for span in spans if span.name == "parse"]
    assert run.parent is None
    assert {link.context.span_id for link in run.links} == {root.context.span_id for root in roots}
    assert [[link.context.span_id for link in root.links] for root in roots] == [[run.context.span_id]] * 2
    assert run.attributes == {
        "polyparse.model.name": "words",
        "polyparse.model.version": "1",
        "polyparse.model.digest": "d1",
        "polyparse.batch.items": 3,
        "polyparse.batch.tokens": 4,
    }


async def test_the_run_that_makes_the_arrays_of_a_long_text_is_a_span_too() -> None:
    text = " ".join(["word"] * 100)
    async with traced() as t:
        answer = await t.serving.parse(text, headers=SAMPLED)
        assert answer.status_code == 200
        spans = await t.spans()
    root, prepare, run = (one(spans, name) for name in ("parse", "prepare", "run"))
    assert root.attributes is not None
    assert root.attributes["polyparse.tokens"] == 100
    assert [link.context.span_id for link in root.links] == [each.context.span_id for each in (prepare, run)]
    for each in (prepare, run):
        assert each.parent is None
        assert [link.context.span_id for link in each.links] == [root.context.span_id]
        assert each.attributes is not None
        assert each.attributes["polyparse.model.digest"] == "d1"
    assert prepare.end_time is not None
    assert run.start_time is not None
    assert prepare.end_time <= run.start_time


async def test_a_batch_has_a_span_for_each_item_that_was_parsed() -> None:
    async with traced() as t:
        items = [{"text": "a"}, {"text": ""}, {"text": "b c", "locale": "hi-IN"}]
        await t.serving.parse_batch(items, headers=SAMPLED)
        spans = await t.spans()
    root = one(spans, "parse_batch")
    found = [dict(span.attributes or {}) for span in spans if span.name == "item"]
    assert [(each["polyparse.item"], each["polyparse.intent"]) for each in found] == [
        (0, "words_1"),
        (2, "words_2"),
    ]
    assert found[1]["polyparse.locale"] == "hi-IN"
    attributes = dict(root.attributes or {})
    assert (attributes["polyparse.items"], attributes["polyparse.tokens"]) == (3, 3)
    assert {span.name for span in below(spans, root)} == {"read_body", "item", "answer"}


async def test_a_request_that_fails_has_its_code_and_the_run_that_failed() -> None:
    async with traced() as t:
        assert (await t.serving.parse("poison", headers=SAMPLED)).status_code == 500
        assert (await t.serving.parse("", headers=SAMPLED)).status_code == 422
        spans = await t.spans()
    failed, refused = (span for span in spans if span.name == "parse")
    outcomes = [dict(span.attributes or {})["polyparse.outcome"] for span in (failed, refused)]
    assert outcomes == ["model_run_failed", "empty_text"]
    assert [span.status.status_code for span in (failed, refused)] == [StatusCode.ERROR, StatusCode.UNSET]
    run = one(spans, "run")
    assert run.status.status_code is StatusCode.ERROR
    assert [link.context.span_id for link in failed.links] == [run.context.span_id]


async def test_a_caller_who_hung_up_has_a_trace_too() -> None:
    async with traced() as t:
        headers = [(name.encode(), value.encode()) for name, value in SAMPLED.items()]
        await t.serving.raw([part(b"{", more=True), {"type": "http.disconnect"}], headers=headers)
        spans = await t.spans()
    assert dict(one(spans, "parse").attributes or {})["polyparse.outcome"] == "departed"


@pytest.mark.parametrize(
    ("traceparent", "is_sampled"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f"00-{TRACE}-{SPAN}-00", False),
        (f"cc-{TRACE}-{SPAN}-01-later", True),
        (f"ff-{TRACE}-{SPAN}-01", None),
        (f"00-{TRACE}-{SPAN}", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE.upper()}-{SPAN}-01", None),
        ("00-0-0-0", None),
        ("", None),
        ("\u00e9", None),
    ],
)
async def test_a_malformed_context_is_ignored(traceparent: str, is_sampled: bool | None) -> None:
    """None: it is as if it were not there, so that the share decides."""
    for share in (0.0, 1.0):
        async with traced(share) as t:
            headers = [(b"traceparent", traceparent.encode("latin-1"))]
            (start, _) = await t.serving.raw([part(b'{"text":"a"}')], headers=headers)
            assert start["status"] == 200
            roots = [span for span in await t.spans() if span.name == "parse"]
        assert len(roots) == (bool(share) if is_sampled is None else is_sampled)
        known = [format_trace_id(span.context.trace_id) == TRACE for span in roots]
        assert known == [is_sampled is not None] * len(roots)


async def test_two_parents_are_none_and_state_goes_on() -> None:
    async with traced() as t:
        parent = (b"traceparent", SAMPLED["traceparent"].encode())
        states = [(b"tracestate", b"a=1"), (b"tracestate", b"b=2")]
        await t.serving.raw([part(b'{"text":"a"}')], headers=[parent, parent])
        await t.serving.raw([part(b'{"text":"a"}')], headers=[parent, *states])
        root = one(await t.spans(), "parse")
    assert dict(root.context.trace_state) == {"a": "1", "b": "2"}


async def test_of_a_caller_who_has_not_decided_the_share_is_traced() -> None:
    async with traced(share=1.0) as t:
        await t.serving.parse("a")
        assert one(await t.spans(), "parse").parent is None
    async with traced(share=0.0) as t:
        await t.serving.parse("a")
        assert list(await t.spans()) == []


async def test_only_sampled_requests_are_exemplars_and_only_openmetrics_has_them() -> None:
    asks = {"accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"}
    async with traced() as t:
        await t.serving.parse("a")
        plain = await t.serving.client.get("/metrics", headers=asks)
        await t.serving.parse("a", headers=SAMPLED)
        with_one = await t.serving.client.get("/metrics", headers=asks)
        text = await t.serving.client.get("/metrics")
        await t.spans()
    assert plain.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert with_one.text.endswith("# EOF\n")
    assert "trace_id" not in plain.text
    assert "trace_id" not in text.text
    (line,) = (line for line in with_one.text.splitlines() if "trace_id" in line)
    assert line.startswith('polyparse_request_seconds_bucket{endpoint="parse",')
    assert f'# {{trace_id="{TRACE}"}}' in line


class Lines(logging.Handler):
    """Makes each line when it is written, as the service does."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))


async def test_a_line_of_a_traced_request_names_its_trace(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="service")
    handler = Lines()
    logging.getLogger("service.api").addHandler(handler)
    try:
        async with traced(access_log=True) as t:
            await t.serving.parse("a", headers={**SAMPLED, "x-request-id": "mine"})
            await t.serving.parse("a", headers={"x-request-id": "other"})
    finally:
        logging.getLogger("service.api").removeHandler(handler)
    assert [(line["request_id"], line["trace_id"] == TRACE, line["version"]) for line in handler.lines] == [
        ("mine", True, "1"),
        ("other", False, "1"),
    ]
