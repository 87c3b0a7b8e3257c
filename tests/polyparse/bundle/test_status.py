"""What processes say of themselves: what is written is read back, the dead say nothing, and no file stops the reader."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from polyparse.bundle import status as statuses
from polyparse.bundle.silence import FORGOTTEN_S, SILENT_S
from polyparse.bundle.status import ProcessStatus, Reason, VersionStatus, read_all, remove, write
from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(statuses.__file__).parents[2]
HOST, PID = socket.gethostname(), os.getpid()
SERVING = VersionStatus("1", "a", "serving")
FAILED = VersionStatus("2", "b", "failed", Reason("golden_mismatch", "golden.jsonl: found ..., expected ..."))
STATUS = ProcessStatus(
    host=HOST, pid=PID, at="2026-01-01T12:00:00+00:00", generation=2, versions=(SERVING, FAILED)
)
NOBODY = 2**31 - 1  # above what the kernel gives
WRITER = """
    import os, socket, sys
    from pathlib import Path
    from polyparse.bundle.status import ProcessStatus, write

    status = ProcessStatus(host=socket.gethostname(), pid=os.getpid(), at="", generation=None, versions=())
    write(Path(sys.argv[1]), status)
    print("written", flush=True)
    sys.stdin.read()
"""
"""A process that says what it does, and lives until its input ends."""


def files_in(model: Path) -> list[str]:
    return sorted(path.name for path in model.joinpath(".status").iterdir())


def said(model: Path) -> list[ProcessStatus]:
    """What is read, without what `write` fills in."""
    return [replace(status, started=None, pid_namespace=None) for status in read_all(model)]


def edit(model: Path, **changes: object) -> Path:
    """Set keys of the one file that is there to whatever JSON is given."""
    (file,) = model.joinpath(".status").iterdir()
    file.write_text(json.dumps(json.loads(file.read_bytes()) | changes), encoding="utf-8")
    return file


def test_what_is_written_is_read_back_and_replaced(tmp_path: Path) -> None:
    assert read_all(tmp_path) == []
    for status in (STATUS, replace(STATUS, generation=None, versions=())):
        write(tmp_path, status)
        assert said(tmp_path) == [status]
    assert files_in(tmp_path) == [f"{HOST}-{PID}.json"]


def test_the_file_is_what_others_may_rely_on(tmp_path: Path) -> None:
    write(tmp_path, STATUS)
    content = json.loads(tmp_path.joinpath(".status", f"{HOST}-{PID}.json").read_bytes())
    assert isinstance(content.pop("started"), int)
    assert isinstance(content.pop("pid_namespace"), int)
    assert content == {
        "schema": 1,
        "host": HOST,
        "pid": PID,
        "at": "2026-01-01T12:00:00+00:00",
        "generation": 2,
        "versions": [
            {"version": "1", "digest": "a", "state": "serving", "reason": None},
            {
                "version": "2",
                "digest": "b",
                "state": "failed",
                "reason": {"code": "golden_mismatch", "message": "golden.jsonl: found ..., expected ..."},
            },
        ],
    }


def test_a_process_that_ends_says_nothing_any_more(tmp_path: Path) -> None:
    write(tmp_path, STATUS)
    remove(tmp_path, HOST, PID)
    assert read_all(tmp_path) == []
    remove(tmp_path, HOST, PID)  # twice is once


def test_processes_come_by_host_and_number(tmp_path: Path) -> None:
    for host, pid in (("b", 3), ("a", 10), ("a", 9)):
        write(tmp_path, replace(STATUS, host=host, pid=pid))
    assert [(status.host, status.pid) for status in read_all(tmp_path)] == [("a", 9), ("a", 10), ("b", 3)]


class TestTheDead:
    def test_a_process_that_was_killed_says_nothing_and_its_file_goes(self, tmp_path: Path) -> None:
        command = [sys.executable, "-c", textwrap.dedent(WRITER), str(tmp_path)]
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603
            assert process.stdout is not None
            assert process.stdout.readline() == b"written\n"
            assert [status.pid for status in read_all(tmp_path)] == [process.pid]
            process.send_signal(signal.SIGKILL)
        assert read_all(tmp_path) == []
        assert files_in(tmp_path) == []

    def test_a_later_process_of_the_same_number_is_not_taken_for_it(self, tmp_path: Path) -> None:
        write(tmp_path, STATUS)
        edit(tmp_path, started=1)
        assert read_all(tmp_path) == []
        assert files_in(tmp_path) == []

    def test_without_its_start_a_process_counts_as_the_one_of_its_number(self, tmp_path: Path) -> None:
        write(tmp_path, STATUS)
        edit(tmp_path, started=None)
        assert said(tmp_path) == [STATUS]

    @pytest.mark.parametrize("changes", [{"host": "elsewhere"}, {"pid_namespace": 1}])
    def test_of_another_host_or_container_nobody_knows(
        self, tmp_path: Path, changes: dict[str, str | int]
    ) -> None:
        write(tmp_path, replace(STATUS, pid=NOBODY))
        file = edit(tmp_path, **changes)
        file.rename(file.with_name(f"{changes.get('host', HOST)}-{NOBODY}.json"))
        assert [status.pid for status in read_all(tmp_path)] == [NOBODY]

    def test_a_process_of_somebody_else_lives(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def kill(pid: int, number: int) -> None:
            raise PermissionError

        write(tmp_path, STATUS)
        monkeypatch.setattr(os, "kill", kill)
        assert said(tmp_path) == [STATUS]

    def test_a_folder_that_cannot_be_changed_is_read_all_the_same(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def unlink(path: Path, *, missing_ok: bool = False) -> None:
            raise PermissionError

        write(tmp_path, replace(STATUS, pid=NOBODY))
        write(tmp_path, STATUS)
        monkeypatch.setattr(Path, "unlink", unlink)
        assert said(tmp_path) == [STATUS]
        assert len(files_in(tmp_path)) == 2

    def test_what_was_not_written_to_its_end_goes_after_an_hour(self, tmp_path: Path) -> None:
        write(tmp_path, STATUS)
        old, new = (tmp_path / ".status" / f".{HOST}-{NOBODY}.json.{end}" for end in ("old", "new"))
        for file in (old, new):
            file.touch()
        os.utime(old, (0, time.time() - 3700))
        assert said(tmp_path) == [STATUS]
        assert files_in(tmp_path) == [new.name, f"{HOST}-{PID}.json"]

    def test_one_of_another_host_that_was_not_heard_of_says_nothing_and_its_file_goes_after_a_day(
        self, tmp_path: Path
    ) -> None:
        for host in ("a", "b", "c"):
            write(tmp_path, replace(STATUS, host=host))
        for host, age_s in (("b", SILENT_S), ("c", FORGOTTEN_S)):
            file = tmp_path / ".status" / f"{host}-{PID}.json"
            os.utime(file, (0, file.stat().st_mtime - age_s - 1))
        assert [status.host for status in read_all(tmp_path)] == ["a"]
        assert files_in(tmp_path) == [f"a-{PID}.json", f"b-{PID}.json"]
        write(tmp_path, replace(STATUS, host="b"))
        assert [status.host for status in read_all(tmp_path)] == ["a", "b"]


WRITTEN: dict[str, object] = {
    "schema": 1,
    "host": "box",
    "pid": 7,
    "at": "",
    "generation": None,
    "versions": [],
}
BAD: dict[str, Callable[[Path], object]] = {
    "empty": lambda file: file.touch(),
    "no JSON": lambda file: file.write_bytes(b"{"),
    "no UTF-8": lambda file: file.write_bytes(b"\xff"),
    "deep": lambda file: file.write_bytes(100_000 * b"["),
    "a list": lambda file: file.write_bytes(b"[]"),
    "a later schema": lambda file: file.write_text(json.dumps(WRITTEN | {"schema": 2})),
    "a state of no name": lambda file: file.write_text(
        json.dumps(WRITTEN | {"versions": [{"version": "1", "digest": "a", "state": "asleep"}]})
    ),
    "another process": lambda file: file.write_text(json.dumps(WRITTEN | {"pid": 1})),
    "a host that leads elsewhere": lambda file: file.write_text(json.dumps(WRITTEN | {"host": "../.."})),
    "a folder": lambda file: file.mkdir(),
    "a pipe": os.mkfifo,
    "a link to nowhere": lambda file: file.symlink_to("nothing"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_says_nothing_and_the_others_are_read(tmp_path: Path, kind: str) -> None:
    write(tmp_path, STATUS)
    BAD[kind](tmp_path / ".status" / "box-7.json")
    assert said(tmp_path) == [STATUS]


@pytest.mark.parametrize("make", [Path.touch, os.mkfifo, lambda path: path.symlink_to("nothing")])
def test_a_folder_that_is_none_says_nothing_and_takes_nothing(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    make(tmp_path / ".status")
    assert read_all(tmp_path) == []
    with pytest.raises(OSError, match=r"\.status"):
        write(tmp_path, STATUS)


def test_a_model_that_is_gone_takes_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "gone", STATUS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"host": "a/b"}, "host: found 'a/b'"),
        ({"host": ""}, "host: found ''"),
        ({"pid": 0}, "pid: found 0, expected 1 to 2147483647"),
        ({"pid": 2**31}, "pid: found 2147483648"),
        ({"schema": 2}, "schema: found 2, expected 1"),
    ],
)
def test_what_cannot_name_a_file_is_refused(changes: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{message}"):
        replace(STATUS, **changes)  # type: ignore[arg-type]


def test_a_verdict_is_read_back_and_is_no_key_of_other_versions(tmp_path: Path) -> None:
    """Readers of before would take a file with an unknown key for none."""
    canary = VersionStatus("2", "b", "ready", verdict="unhealthy")
    write(tmp_path, replace(STATUS, versions=(SERVING, canary)))
    (status,) = read_all(tmp_path)
    assert status.versions == (SERVING, canary)
    content = json.loads(tmp_path.joinpath(".status", f"{HOST}-{PID}.json").read_bytes())
    assert [version.get("verdict", "left out") for version in content["versions"]] == [
        "left out",
        "unhealthy",
    ]
