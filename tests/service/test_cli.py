"""`polyparse serve`: from the command line to an answer over HTTP with a shipped bundle, and refusals to start."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from polyparse.cli import main as cli
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
