"""Nothing is sent home: however we start it, ONNX Runtime writes no file below the home folder and opens no socket out."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.bundles import write_bundle
from tests.integration.server import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from train.checkpoint import Checkpoint

ROOT = Path(__file__).parents[2]
LOOPBACK = {"0100007F", "00000000000000000000000001000000", "00000000", "0" * 32}
"""127.0.0.1, ::1 and no address, as the kernel writes them."""


LOOK_S = 0.02


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, in an environment that says nothing of telemetry."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith(("XDG_", "ORT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture
def models(tmp_path: Path) -> Path:
    write_bundle(tmp_path / "models" / "tiny" / "1")
    return tmp_path / "models"


def run(*command: str | Path) -> None:
    """Run to the end, and look again and again at which addresses the process talks to."""
    words = [sys.executable, *map(str, command)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603  our own
        while process.poll() is None:
            with suppress(OSError):  # it has just ended
                assert set(remote_addresses(process.pid)) <= LOOPBACK
            time.sleep(LOOK_S)
    assert process.returncode == 0


def test_parse_leaves_nothing(home: Path, models: Path) -> None:
    run("-m", "polyparse", "parse", "wake me at seven", "--models", models)
    assert list(home.iterdir()) == []


def test_serve_leaves_nothing_and_talks_to_nobody_but_its_callers(
    home: Path, models: Path, tmp_path: Path
) -> None:
    with serving(models, tmp_path / "log") as server:
        assert server.parse("wake me at seven").status == 200
        assert set(remote_addresses(server.process.pid)) <= LOOPBACK
    assert list(home.iterdir()) == []


def test_export_leaves_nothing(home: Path, checkpoint: Checkpoint, tmp_path: Path) -> None:
    run("-m", "polyparse", "export", "--checkpoint", checkpoint.folder, "--out", tmp_path / "tiny" / "1")
    assert list(home.iterdir()) == []


def test_a_run_of_the_tests_leaves_nothing(home: Path, tmp_path: Path) -> None:
    cache = ("-p", "no:cacheprovider", f"--basetemp={tmp_path / 'run'}")
    run("-m", "pytest", *cache, "tests/polyparse/runtime/test_session.py")
    assert list(home.iterdir()) == []


def test_an_address_that_is_not_loopback_would_be_seen() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outward:
        outward.connect(
            ("192.0.2.1", 9)
        )  # a documentation address; a datagram socket sends nothing to connect
        assert not set(remote_addresses(os.getpid())) <= LOOPBACK


def remote_addresses(pid: int) -> Iterator[str]:
    """The other ends of a process's sockets, in the kernel's hexadecimal."""
    links = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # It has just been closed.
            links.append(str(entry.readlink()))
    inodes = {link.removeprefix("socket:[").rstrip("]") for link in links if link.startswith("socket:")}
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            columns = line.split()
            if columns[9] in inodes:
                yield columns[2].partition(":")[0]
