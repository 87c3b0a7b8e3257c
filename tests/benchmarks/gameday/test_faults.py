"""A fault does what it says for the length of a `with`, and leaves nothing behind."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.client import HOST
from benchmarks.gameday import of_load, of_machine, of_speech, of_versions, speech
from benchmarks.gameday.callers import SteadyCallers
from benchmarks.gameday.site import Pod, Site
from benchmarks.process import Server
from benchmarks.prometheus import Prometheus
from polyparse.bundle import release, store
from polyparse.bundle import state as states
from polyparse.errors import BundleError
from tests.bundles import write_bundle

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

BOUND_S = 20.0


def site_of(tmp_path: Path, *, pid: int = 0, port: int = 0) -> Site:
    """A model of which version 1 serves, and stand-ins for what runs."""
    model = tmp_path / "models" / "words"
    write_bundle(model / "1")
    release.promote(model, "1", release.Edit(release.decide_on(model), "ann", "2026-01-01T12:00:00+00:00"))
    mount = tmp_path / "sick"
    mount.symlink_to(model.parent)
    pod = Pod(Server(pid, port, 0.0), mount)
    callers = SteadyCallers(speech.usual(["en-US", "es-ES"]))
    return Site(model, "1", pod, pod, callers, Prometheus(0), 0.01, 0.0)


def until(ask: Callable[[], bool]) -> None:
    """Wait for something, within a bound."""
    end_s = time.monotonic() + BOUND_S
    while not ask():
        assert time.monotonic() < end_s
        time.sleep(0.01)


def serves(site: Site) -> str:
    state = states.read(site.model)
    assert state is not None
    return state.stable.version


@pytest.mark.parametrize(
    ("fault", "version"), [(of_versions.slow_model, "slow"), (of_versions.failing_model, "failing")]
)
def test_a_faulty_version_is_promoted_and_the_sound_one_again(
    tmp_path: Path, fault: Callable[[Site], AbstractContextManager[None]], version: str
) -> None:
    site = site_of(tmp_path)
    with fault(site):
        assert serves(site) == version
        store.verify(site.model / version)
    assert serves(site) == "1"


def test_a_damaged_version_is_wished_and_the_sound_one_again(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    with of_versions.bad_promote(site):
        assert serves(site) == "damaged"
        with pytest.raises(BundleError):
            store.verify(site.model / "damaged")
    assert serves(site) == "1"


def test_models_are_gone_and_there_again(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    with of_machine.lost_repository(site):
        assert not site.sick.mount.exists()
    assert site.sick.mount.joinpath("words", "state.json").is_file()


def test_a_process_stands_still_now_and_then_and_goes_on_after_that(tmp_path: Path) -> None:
    def is_stopped(pid: int) -> bool:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").split()[2] == "T"

    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        with of_machine.stalled_loop(site_of(tmp_path, pid=process.pid)):
            until(lambda: is_stopped(process.pid))
            until(lambda: not is_stopped(process.pid))
        assert not is_stopped(process.pid)
        process.communicate(b"\n", timeout=BOUND_S)


def test_one_who_holds_memory_sends_nearly_the_whole_of_many_bodies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_load, "HOLDERS", 3)
    monkeypatch.setattr(of_load, "HELD_BYTES", 1000)
    with socket.create_server((HOST, 0)) as server, ExitStack() as stack:
        stack.enter_context(of_load.memory_pressure(site_of(tmp_path, port=server.getsockname()[1])))
        for _ in range(3):
            peer = stack.enter_context(stack.enter_context(server.accept()[0]).makefile("rb"))
            assert b"Content-Length: 1000\r\n" in list(iter(peer.readline, b"\r\n"))
            assert peer.read(999) == b" " * 999


def test_a_slow_client_sends_a_head_byte_by_byte(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as server, ExitStack() as stack:
        stack.enter_context(of_load.slow_client(site_of(tmp_path, port=server.getsockname()[1])))
        peer = stack.enter_context(server.accept()[0])
        assert b"".join(peer.recv(1) for _ in range(4)) == b"POST"


def test_callers_say_other_things_during_a_drift(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    usual = site.callers.bodies
    with of_speech.drift_of_language(site):
        assert {"de-DE", "pl-PL"} < {body["locale"] for body in site.callers.bodies}
    with of_speech.drift_of_domain(site):
        assert speech.FOREIGN[0] in {body["text"] for body in site.callers.bodies}
    assert site.callers.bodies == usual
