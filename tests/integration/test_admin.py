"""The admin API of a real server: edits race, what is promoted serves, and the admin port ends with the process."""

from __future__ import annotations

import http.client
import shutil
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from polyparse.bundle import history, release
from polyparse.bundle.release import Edit
from polyparse.bundle.store import digest
from tests.bundles import write_bundle
from tests.integration.admin_client import AdminClient, AdminReply, admin_of
from tests.integration.callers import calling
from tests.integration.faulty_bundles import HANGS, RAISES, decode_by
from tests.integration.server import ROOT, TIMEOUT_S, serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.server import Server

ADMIN = "--admin-port=0"
AT = "2026-01-01T12:00:00+00:00"
AT_ONCE = 20


def words(folder: Path, versions: str = "123") -> Path:
    """A model of small bundles whose first version serves."""
    model = folder / "words"
    for version in versions:
        write_bundle(model / version)
    release.promote(model, "1", Edit(release.decide_on(model), "ann", AT))
    return model


def test_ain_is_promoted_over_viterbi_and_answers(tmp_path: Path) -> None:
    models = shutil.copytree(ROOT / "models", tmp_path / "models", ignore=shutil.ignore_patterns(".status"))
    model = models / "massive"
    wanted = ("1.8.0-ain", digest(model / "1.8.0-ain"))
    with serving(models, tmp_path / "log", ADMIN) as server, calling(server.port) as callers:
        admin = admin_of(server)
        before = admin.versions()
        put = admin.put({"stable": {"version": wanted[0]}, "reason": "faster"}, str(before.etag))
        assert put.status == 200, put
        server.until(lambda: callers.answers[wanted])
        after = admin.versions()
        assert after.etag == put.etag
        states = {each["version"]: each["state"] for each in after.body["process"]["versions"]}
        assert states == {"1.8.0-ain": "serving", "1.8.0-viterbi": "ready"}
        back = admin.ask("POST", "/admin/rollback", None, {"if-match": str(put.etag)})
        assert back.body["stable"]["version"] == "1.8.0-viterbi"


def test_of_twenty_puts_at_once_exactly_one_wins_a_generation(tmp_path: Path) -> None:
    model = words(tmp_path)
    with serving(tmp_path, tmp_path / "log", ADMIN) as server:
        admin, barrier = admin_of(server), Barrier(AT_ONCE)
        for round_ in range(2):
            etag = str(admin.versions().etag)

            def put(number: int, etag: str = etag, round_: int = round_) -> AdminReply:
                barrier.wait(TIMEOUT_S)
                wanted = {
                    "stable": {"version": "23"[round_]},
                    "shadow": {"version": "1", "share": number / 20},
                }
                return admin.put(wanted, etag)

            with ThreadPoolExecutor(AT_ONCE) as threads:
                replies = list(threads.map(put, range(1, AT_ONCE + 1)))
            assert sorted(reply.status for reply in replies) == [200] + [412] * (AT_ONCE - 1)
            assert {reply.body["code"] for reply in replies if reply.status == 412} == {"state_changed"}
    assert [entry.generation for entry in history.read(model).entries] == [1, 2, 3]


def test_two_processes_see_each_other_and_cannot_overwrite_each_other(tmp_path: Path) -> None:
    words(tmp_path)
    with (
        serving(tmp_path, tmp_path / "log1", ADMIN) as first,
        serving(tmp_path, tmp_path / "log2", ADMIN) as second,
    ):
        admins = [admin_of(first), admin_of(second)]
        pids = [server.process.pid for server in (first, second)]
        first.until(lambda: [each["pid"] for each in admins[0].versions().body["others"]] == [pids[1]])
        etag = str(admins[0].versions().etag)
        assert admins[1].put({"stable": {"version": "2"}}, etag).status == 200
        stale = admins[0].put({"stable": {"version": "3"}}, etag)
        assert stale.status == 412
        assert f"put by admin@{socket.gethostname()} (ann)" in stale.body["detail"]
        for server in (first, second):
            server.until(partial(answers_by, server, "2"))


def answers_by(server: Server, version: str) -> bool:
    """Whether a request is answered by a version."""
    return bool(server.parse("wake me").body["model"]["version"] == version)


@pytest.mark.parametrize(
    ("decode", "load_s", "pause_s"), [(RAISES, 60, 0.005), (HANGS, 15, 0.05)], ids=["fails", "hangs"]
)
def test_a_version_that_fails_or_hangs_is_refused_and_harms_nobody(
    tmp_path: Path, decode: str, load_s: int, pause_s: float
) -> None:
    model = words(tmp_path)
    decode_by(decode)(model / "2")
    with (
        serving(tmp_path, tmp_path / "log", ADMIN, f"--load-timeout-s={load_s}") as server,
        calling(server.port, pause_s=pause_s) as callers,
    ):
        admin = admin_of(server)
        reply = admin.put({"stable": {"version": "2"}}, '"1"')
        assert (reply.status, reply.body["code"]) == (422, "version_refused"), reply
        assert admin.versions().etag == '"1"'
        sound = admin.ask("POST", "/v2/repository/models/words/versions/3/load")
        assert sound.status == 200, sound
        server.until(lambda: callers.answers["3", digest(model / "3")])


def test_on_the_port_for_all_a_token_is_asked_for_and_never_written_down(tmp_path: Path) -> None:
    words(tmp_path)
    file = tmp_path / "tokens"
    planted, next_one = "planted-5d0f", "planted-77aa"
    file.write_text(planted, encoding="utf-8")
    file.chmod(0o600)
    log = tmp_path / "log"
    flags = ("--log-level=debug", "--access-log=on", f"--admin-token-file={file}")
    with serving(tmp_path, log, *flags) as server:
        admin, stranger = AdminClient(server.port, planted), AdminClient(server.port)
        assert stranger.versions().status == 401
        assert AdminClient(server.port, f"{planted}-wrong").versions().status == 401
        assert stranger.ask("GET", "/v2/health/ready").body == {"ready": True}
        put = admin.put({"stable": {"version": "2"}}, str(admin.versions().etag))
        assert put.status == 200
        file.write_text(next_one, encoding="utf-8")
        server.until(lambda: AdminClient(server.port, next_one).versions().status == 200)
        assert admin.versions().status == 401
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(TIMEOUT_S) == 0
    said = log.read_text(encoding="utf-8")
    assert "tokens read anew" in said
    assert planted not in said
    assert next_one not in said


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_the_admin_port_ends_with_the_process_and_keeps_it_from_nothing(
    tmp_path: Path, sig: signal.Signals
) -> None:
    words(tmp_path, "1")
    with serving(tmp_path, tmp_path / "log", ADMIN, "--lame-duck-s=0") as server:
        admin = admin_of(server)
        with closing(http.client.HTTPConnection("127.0.0.1", admin.port, timeout=TIMEOUT_S)) as idle:
            idle.request("GET", "/metrics")
            idle.getresponse().read()
            server.process.send_signal(sig)
            assert server.process.wait(TIMEOUT_S) == 0
        with pytest.raises(ConnectionRefusedError):
            admin.versions()


def test_a_signal_in_the_middle_of_an_edit_ends_it_unmade(tmp_path: Path) -> None:
    model = words(tmp_path)
    decode_by(HANGS)(model / "2")
    with serving(tmp_path, tmp_path / "log", ADMIN, "--lame-duck-s=0", "--drain-timeout-s=1") as server:
        admin = admin_of(server)
        with closing(http.client.HTTPConnection("127.0.0.1", admin.port, timeout=TIMEOUT_S)) as waiting:
            waiting.request("PUT", "/admin/state", b'{"stable": {"version": "2"}}', {"if-match": '"1"'})
            server.until(lambda: b"rehearsed" in children(server.process.pid))
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(TIMEOUT_S) == 0
    assert release.decide_on(model).generation == 1


def children(pid: int) -> bytes:
    """The command lines of a process's children."""
    done = subprocess.run(["pgrep", "-a", "-P", str(pid)], capture_output=True, check=False)  # noqa: S603, S607
    return done.stdout


def test_an_admin_port_that_is_taken_refuses_to_start_by_its_own_name(tmp_path: Path) -> None:
    words(tmp_path, "1")
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "polyparse", "serve", "--port=0", f"--admin-port={port}"]
        done = subprocess.run(  # noqa: S603 - our own command
            [*command, "--models", str(tmp_path)],
            cwd=ROOT,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    assert done.returncode == 2
    assert f"--admin-port: found port {port} of 127.0.0.1 in use".encode() in done.stderr.splitlines()[-1]
