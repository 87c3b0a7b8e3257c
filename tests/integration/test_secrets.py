"""Secrets that are planted wherever they can come in are in no log line, trace, metric or problem document."""

from __future__ import annotations

import json
import re
import signal
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from polyparse.cli.main import main
from tests.bundles import write_bundle
from tests.integration.server import TIMEOUT_S, Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLANTED = re.compile("hunter[0-9]{4}")
QUERY = "X-Amz-Credential=hunter0001&X-Amz-Signature=hunter0002&token=hunter0003"
HEADERS = {
    "authorization": "Bearer hunter0004",
    "cookie": "session=hunter0005",
    "x-api-key": "hunter0006",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "tracestate": "vendor=1",
}
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "hunter0007",
    "AWS_SECRET_ACCESS_KEY": "hunter0008",
    "OTEL_EXPORTER_OTLP_HEADERS": "authorization=hunter0009",
}


class Collector(BaseHTTPRequestHandler):
    """Keeps what it is sent, of which the first batch is refused with a reason that quotes the token."""

    received: list[bytes]

    def do_POST(self) -> None:
        self.received.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_error(401 if len(self.received) == 1 else 200, f"found {self.headers['authorization']}")

    def log_message(self, *_: object) -> None: ...


@contextmanager
def collector() -> Iterator[tuple[int, list[bytes]]]:
    """Its port, and what it was sent."""
    handler = type("Handler", (Collector,), {"received": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1], handler.received  # type: ignore[attr-defined]
        finally:
            server.shutdown()


def answers(server: Server) -> list[str]:
    """What is answered to requests with secrets in headers, queries and paths, well formed and not."""
    asked = [
        ("POST", f"/parse?{QUERY}", {}, {"text": "wake me"}),
        ("POST", "/parse", {"x-deadline-ms": "Bearer hunter0010"}, {"text": "wake me"}),
        ("POST", "/parse", {"content-type": "token=hunter0011"}, {"text": "wake me"}),
        ("POST", "/parse", {"x-model-version": "token=hunter0012"}, {"text": "wake me"}),
        ("POST", "/parse", {}, {"text": "wake me", "password": "hunter0013"}),
        ("GET", f"/token=hunter0014?{QUERY}", {}, None),
        ("GET", f"/admin/versions?{QUERY}", {}, None),
        ("GET", f"/metrics?{QUERY}", {"accept": "application/openmetrics-text"}, None),
        ("GET", f"/metrics?{QUERY}", {}, None),
    ]
    bodies = []
    for method, target, headers, body in asked:
        with server.connections(1) as (connection,):
            content = None if body is None else json.dumps(body).encode()
            connection.request(
                method, target, content, {"content-type": "application/json", **HEADERS, **headers}
            )
            answer = connection.getresponse()
            bodies.append(f"{answer.getheaders()}{answer.read().decode()}")
    return bodies


def test_no_planted_secret_comes_out_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    tokens = tmp_path / "tokens"
    tokens.write_text("hunter0015\n")
    tokens.chmod(0o600)
    write_bundle(tmp_path / "models" / "words" / "1")
    with collector() as (port, received):
        flags = (
            f"--trace-endpoint=http://127.0.0.1:{port}",
            f"--admin-token-file={tokens}",
            *("--access-log=on", "--log-level=debug", "--lame-duck-s=0", "--max-wait-ms=60000"),
        )
        with serving(tmp_path / "models", tmp_path / "log", *flags) as server:
            bodies = answers(server)
            server.until(lambda: received)
            tokens.write_text("hunter0016 is no token\n")
            server.until(lambda: "nobody is admitted" in server.log())
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(TIMEOUT_S) == 0
            log = server.log()
    assert '"message": "request"' in log
    assert "polyparse_trace_spans_dropped_total" in bodies[-1]
    assert any(b"polyparse.outcome" in batch for batch in received)
    for text in (log, *bodies, *(batch.decode("latin-1") for batch in received)):
        assert PLANTED.findall(text) == []


@pytest.mark.parametrize(
    "flag",
    [
        "--trace-endpoint=http://user:hunter0001@collector",
        "--admin-token=hunter0001",
        "--port=token=hunter0001",
        "--models=s3://key:hunter0001@bucket/models",
    ],
)
def test_a_refusal_to_start_quotes_no_secret(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--device=cpu", "--port=0", flag, "--batch-tokens=none"]) == 2
    assert PLANTED.findall(capsys.readouterr().err) == []


def test_the_value_of_a_misspelt_variable_is_not_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POLYPARSE_ADMIN_TOKEN", "hunter0001")
    assert main(["serve"]) == 2
    error = capsys.readouterr().err
    assert "POLYPARSE_ADMIN_TOKEN: found an unknown variable" in error
    assert PLANTED.findall(error) == []
