"""Thousands of connections that ask for nothing: others are unharmed, memory is bounded, and all are closed in time."""

from __future__ import annotations

import json
import resource
import socket
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.resident import resident_mb
from tests.integration.server import Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

MODELS = Path(__file__).parents[2] / "models"
RESERVED = 200
ASKED = 100
KB_EACH = 20
"""Of memory for a connection, at most."""
OPENED_PER_S = 300
"""Connections, on a slow machine at least: none may be idle for too long before all are there."""
HALF = b"POST /parse HTTP/1.1\r\nhost: s\r\nx-half: "
LIVE = b"GET /health/live HTTP/1.1\r\nhost: s\r\n\r\n"


@pytest.fixture(params=[3_000, pytest.param(10_000, marks=pytest.mark.needs_tools)])
def many(request: pytest.FixtureRequest) -> Iterator[int]:
    """As many connections as this process may hold, up to those wanted."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = request.param + RESERVED
    most = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    yield most - RESERVED
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def p99_s(server: Server) -> float:
    """Of a caller who asks for one utterance after the other."""
    seconds = []
    with server.connections(1) as (connection,):
        for _ in range(ASKED):
            started_s = time.perf_counter()
            connection.request("POST", "/parse", json.dumps({"text": "wake me up at seven"}).encode())
            response = connection.getresponse()
            response.read()
            assert response.status == 200
            seconds.append(time.perf_counter() - started_s)
    return sorted(seconds)[int(0.99 * len(seconds))]


def connections_of(server: Server) -> int:
    """How many descriptors the server has."""
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


def opened(server: Server, stack: ExitStack, count: int) -> list[socket.socket]:
    """Connections of three sorts: silent, in the middle of a head, and answered once."""
    made = []
    for number in range(count):
        connection = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=60))
        connection.sendall((b"", HALF, LIVE)[number % 3])
        made.append(connection)
    return made


@pytest.mark.skipif(not MODELS.exists(), reason="no bundle is shipped yet")
def test_thousands_harm_nobody_and_are_closed(tmp_path: Path, many: int) -> None:
    idle_s = max(8, many // OPENED_PER_S)
    flags = (f"--idle-timeout-s={idle_s}", f"--head-timeout-s={idle_s}")
    with serving(MODELS, tmp_path / "log", *flags) as server, ExitStack() as stack:
        alone_s = min(p99_s(server) for _ in range(3))
        before, before_mb = connections_of(server), resident_mb(server.process.pid)
        opened(server, stack, many)
        server.until(lambda: connections_of(server) >= before + 0.9 * many)
        in_company_s = min(p99_s(server) for _ in range(3))
        grown_mb = resident_mb(server.process.pid) - before_mb
        server.until(lambda: connections_of(server) <= before)
        print(
            f"{many}: p99 {1000 * alone_s:.1f} ms alone, {1000 * in_company_s:.1f} in company, {grown_mb:.1f} MB"
        )
        assert grown_mb <= many * KB_EACH / 1000
        assert in_company_s <= 5 * alone_s + 0.1
        assert server.parse("wake me up at seven").status == 200
