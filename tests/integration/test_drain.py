"""A real service that is asked to end under load answers every request that was sent to it, and resets no connection."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.integration.server import ROOT, serving
from tests.integration.thinking_callers import BODY, BOUND_S, Caller

if TYPE_CHECKING:
    from pathlib import Path

MODELS = ROOT / "models"
CALLERS = 64


@pytest.mark.parametrize("lame_duck_s", ["0.5", "0"])
def test_no_request_is_lost_to_sigterm(tmp_path: Path, lame_duck_s: str) -> None:
    with serving(MODELS, tmp_path / "log", "--lame-duck-s", lame_duck_s) as server:
        callers = [Caller(server.port) for _ in range(CALLERS)]
        for caller in callers:
            caller.start()
        for caller in callers:
            assert caller.has_begun.wait(BOUND_S)
        server.process.send_signal(signal.SIGTERM)
        for caller in callers:
            caller.join(BOUND_S)
        assert [lost for caller in callers for lost in caller.lost] == []
        assert server.process.wait(BOUND_S) == 0


def test_while_it_is_a_lame_duck_it_takes_requests_and_is_not_ready(tmp_path: Path) -> None:
    with serving(MODELS, tmp_path / "log", "--lame-duck-s", "30") as server:
        server.process.send_signal(signal.SIGTERM)
        server.until(lambda: server.get("/health/ready").status == 503)
        assert server.get("/health/live").status == 200
        assert server.parse("wake me up at nine").status == 200
        with server.connections(1) as (connection,):
            connection.request("POST", "/parse", BODY, {"content-type": "application/json"})
            assert connection.getresponse().headers["connection"] == "close"
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(BOUND_S) == 0


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_a_model_loads_ends_the_process(tmp_path: Path, sig: signal.Signals) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-m", "polyparse", "serve", "--port", "0", "--models", str(MODELS)]
    with log.open("wb") as stderr, subprocess.Popen(command, cwd=ROOT, stderr=stderr) as process:  # noqa: S603
        try:
            ended_s = time.monotonic() + BOUND_S
            while b"version loads" not in log.read_bytes() and time.monotonic() < ended_s:
                pass
            process.send_signal(sig)
            assert process.wait(BOUND_S) == 0
            assert b"Traceback" not in log.read_bytes()
        finally:
            process.kill()


def test_silent_connections_and_slow_bodies_hold_no_exit(tmp_path: Path) -> None:
    with serving(MODELS, tmp_path / "log", "--lame-duck-s", "0") as server, server.connections(2) as others:
        silent, slow = others
        silent.connect()
        slow.putrequest("POST", "/parse")
        slow.putheader("content-length", "1000")
        slow.endheaders()
        slow.send(b'{"text": ')
        server.process.send_signal(signal.SIGTERM)
        begun_s = time.monotonic()
        assert server.process.wait(BOUND_S) == 0
        assert time.monotonic() - begun_s < 15
        assert slow.getresponse().status == 503
