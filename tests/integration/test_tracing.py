"""A process that serves imports nothing that makes traces, unless it traces; then a real receiver reads its spans."""

from __future__ import annotations

import asyncio
import importlib
import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.process import free_port
from tests.bundles import write_bundle
from tests.integration.server import TIMEOUT_S, Server, receive, serving

if TYPE_CHECKING:
    from pathlib import Path

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
STAGES = {"admission", "read_body", "encode", "queue", "score", "decode", "assemble", "answer"}
MAKE_TRACES = (
    *("service.tracing.spans", "service.tracing.export", "google.protobuf", "requests"),
    *("opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.proto", "opentelemetry.semconv"),
)


def ask(server: Server, path: str, body: object) -> Any:
    """Ask as a caller whose own trace is sampled."""
    with server.connections(1) as (connection,):
        headers = {"content-type": "application/json", "traceparent": f"00-{TRACE}-{SPAN}-01"}
        connection.request("POST", path, json.dumps(body).encode(), headers)
        return receive(connection)


def test_a_process_that_does_not_trace_imports_nothing_that_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python itself writes down what it imports. FastAPI imports OpenTelemetry's interface, which by itself does nothing."""
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    write_bundle(tmp_path / "models" / "words" / "1")
    with serving(tmp_path / "models", tmp_path / "log") as server:
        assert ask(server, "/parse", {"text": "wake me"}).status == 200
        imported = [line.rpartition("|")[2].strip() for line in server.log().splitlines() if "|" in line]
    assert "service.api.endpoint" in imported
    assert [name for name in imported if name.startswith(MAKE_TRACES)] == []


async def spans_of(receiver: Any, server: Server, names: set[str]) -> list[Any]:
    """Spans that come once the process is asked to end, until each of these names is there."""
    spans: list[Any] = []

    async def collect() -> None:
        async for span in receiver.stream_traces():
            spans.append(span)
            if names <= {each.name for each in spans}:
                return

    collected = asyncio.create_task(collect())
    await asyncio.sleep(0)
    ask(server, "/parse", {"text": "wake me at seven"})
    ask(server, "/parse/batch", {"items": [{"text": "wake me"}, {"text": "stop"}]})
    server.process.send_signal(signal.SIGTERM)
    await asyncio.wait_for(collected, TIMEOUT_S)
    return spans


@pytest.mark.needs_tools("oteltap")
def test_a_real_receiver_reads_every_stage_and_the_shared_run(tmp_path: Path) -> None:
    oteltap = importlib.import_module("oteltap")
    port = free_port()
    write_bundle(tmp_path / "models" / "words" / "1")
    flags = (
        f"--trace-endpoint=http://127.0.0.1:{port}",
        "--trace-share=0",
        "--lame-duck-s=0",
        "--max-wait-ms=60000",
    )

    async def traced() -> list[Any]:
        settings = oteltap.OtelTapHttpProtobufReceiverSettings(http_port=port)
        with serving(tmp_path / "models", tmp_path / "log", *flags) as server:
            async with oteltap.OtelTapHttpProtobufReceiver(settings) as receiver:
                spans = await spans_of(receiver, server, {"parse", "parse_batch", "item", "run"} | STAGES)
            assert server.process.wait(TIMEOUT_S) == 0
            return spans

    spans = asyncio.run(traced())
    (root,) = (span for span in spans if span.name == "parse")
    assert (root.trace_id.hex(), root.parent_span_id.hex()) == (TRACE, SPAN)
    below = [span for span in spans if span.parent_span_id == root.span_id]
    assert {span.name for span in below} == STAGES
    assert all(root.start_time_unix_nano <= span.start_time_unix_nano for span in below)
    assert all(span.end_time_unix_nano <= root.end_time_unix_nano for span in below)
    runs = {span.span_id: span for span in spans if span.name == "run"}
    run = runs[root.links[0].span_id]
    assert [link.span_id for link in run.links] == [root.span_id]
    assert run.trace_id != root.trace_id
    attributes = {each.key: each.value for each in root.attributes}
    assert attributes["polyparse.model.version"].string_value
    assert attributes["polyparse.outcome"].string_value == "ok"
    assert attributes["polyparse.tokens"].int_value == 4
