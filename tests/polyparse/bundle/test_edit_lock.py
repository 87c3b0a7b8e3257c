"""One holds the lock at a time; it ends with its holder, also one that is killed, whose leftovers the next one removes."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from polyparse.bundle import edit_lock
from polyparse.bundle.edit_lock import locked
from polyparse.errors import StateLocked

ROOT = Path(edit_lock.__file__).parents[2]
HOLDER = """
    import sys
    from pathlib import Path
    from polyparse.bundle.edit_lock import locked

    model = Path(sys.argv[1])
    with locked(model, edits=["state.json"]):
        model.joinpath(".state.json.0a1b2c3d").touch()
        print("held", flush=True)
        sys.stdin.read()
"""
"""A program that holds the lock in the middle of a write, until its input ends."""


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_second_one_waits_no_longer_than_it_may_and_names_the_file(tmp_path: Path) -> None:
    with locked(tmp_path, edits=[]):
        message = r"found it locked for 0\.1 s by another edit"
        with pytest.raises(StateLocked, match=message) as refusal, locked(tmp_path, edits=[], timeout_s=0.1):
            pass
        assert refusal.value.file == tmp_path / ".state.lock"
    with locked(tmp_path, edits=[], timeout_s=0):
        pass


def test_an_edit_that_fails_gives_the_lock_back(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(tmp_path, edits=[]):
        _ = 1 // 0
    with locked(tmp_path, edits=[], timeout_s=0):
        pass


def test_a_lock_ends_with_the_process_that_was_killed_and_so_does_what_it_left(tmp_path: Path) -> None:
    tmp_path.joinpath(".other.json.0a1b2c3d").touch()
    command = [sys.executable, "-c", textwrap.dedent(HOLDER), str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:  # noqa: S603
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StateLocked), locked(tmp_path, edits=["state.json"], timeout_s=0):
            pass
        holder.send_signal(signal.SIGKILL)
        with locked(tmp_path, edits=["state.json"]):
            assert names_in(tmp_path) == [".other.json.0a1b2c3d", ".state.lock"]


def test_the_file_stays_empty_and_where_it_is(tmp_path: Path) -> None:
    for _ in range(2):
        with locked(tmp_path, edits=["state.json"]):
            pass
    assert names_in(tmp_path) == [".state.lock"]
    assert tmp_path.joinpath(".state.lock").read_bytes() == b""
