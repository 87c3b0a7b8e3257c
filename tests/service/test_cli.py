"""`polyparse serve`: from the command line to an answer over HTTP with a shipped bundle, and refusals to start."""

import json
import logging
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from polyparse.cli import main as cli
from service.cli import default_threads
from tests.service.fakes import BOUND_S

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "models"


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of the machine's own settings."""
    for name in [name for name in os.environ if name.startswith("POLYPARSE_")]:
        monkeypatch.delenv(name)


def test_a_bad_value_refuses_to_start(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["serve", "--port", "eighty"]) == cli.REFUSED
    assert "--port: found 'eighty'" in capsys.readouterr().err


def test_an_unknown_variable_refuses_to_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POLYPARSE_PROT", "80")
    assert cli.main(["serve"]) == cli.REFUSED
    assert "POLYPARSE_PROT" in capsys.readouterr().err


def test_serving_imports_nothing_that_trains() -> None:
    code = "import sys, service.cli; sys.exit(any(name in sys.modules for name in ('torch', 'train', 'loadtest')))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0  # noqa: S603 - our own.


@pytest.mark.skipif(not MODELS.exists(), reason="no bundle is shipped yet")
def test_the_shipped_bundle_is_served_until_a_signal() -> None:
    command = [sys.executable, "-m", "service", "--models", str(MODELS), "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own.
        try:
            address = address_of(process)
            request = {"text": "pon una alarma a las siete", "locale": "es-ES"}
            frame = httpx.post(f"{address}/parse", json=request, timeout=BOUND_S).json()
            assert frame["intent"]["name"]
            assert all(slot["value"] == frame["text"][slot["start"] : slot["end"]] for slot in frame["slots"])
            items = {"items": [request, {"text": ""}, request | {"allow_refusal": False}]}
            batch = httpx.post(f"{address}/parse/batch", json=items, timeout=BOUND_S).json()["results"]
            assert [each.get("code") for each in batch] == [None, "empty_text", None]
            assert {each["intent"]["name"] for each in (batch[0], batch[2])} == {frame["intent"]["name"]}
            ready = httpx.get(f"{address}/health/ready", timeout=BOUND_S)
            assert ready.json() == {"status": "ready", "model": frame["model"]}
            process.send_signal(signal.SIGTERM)
            assert process.wait(BOUND_S) == 0
        finally:
            process.kill()


def address_of(process: subprocess.Popen[str]) -> str:
    """Where a server that has just started listens, from its log; it fails if the log ends without saying so."""
    assert process.stderr is not None
    matches = (re.search(r"http://[0-9.:]+", line) for line in process.stderr)
    return next(match[0] for match in matches if match)


def test_variables_of_kubernetes_services_are_ignored_with_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setenv("POLYPARSE_PORT", "tcp://10.0.0.1:80")
    monkeypatch.setenv("POLYPARSE_SERVICE_HOST", "10.0.0.1")
    assert cli.main(["serve", "--models", str(tmp_path / "absent")]) == cli.REFUSED
    root.handlers[0].flush()
    lines = capsys.readouterr().err.splitlines()
    root.handlers[:], root.level = handlers, level
    (line,) = (json.loads(line) for line in lines if line.startswith("{"))
    assert line["ignored"] == ["POLYPARSE_PORT", "POLYPARSE_SERVICE_HOST"]
    assert any("absent" in line for line in lines)


def test_threads_by_default_are_one_a_core_and_no_more_than_keep_an_event_loop_busy() -> None:
    assert [default_threads("cpu", cores) for cores in (1, 2, 4, 64)] == [1, 2, 4, 4]
    assert [default_threads("cuda", cores) for cores in (1, 64)] == [2, 2]
