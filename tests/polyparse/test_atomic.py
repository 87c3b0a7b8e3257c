"""A file is written whole or not at all: whatever goes wrong, the old bytes stand and nothing else is left behind."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from polyparse import atomic
from polyparse.atomic import replace_file, sync_folder

ROOT = Path(atomic.__file__).parents[1]
OLD, NEW = b"the old bytes", b"the new bytes" * 10_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file alone in its folder."""
    file = tmp_path / "folder" / "state.json"
    file.parent.mkdir()
    file.write_bytes(OLD)
    return file


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("content", [b"", b"x", NEW])
def test_the_new_bytes_take_the_place_of_the_old(file: Path, content: bytes) -> None:
    replace_file(file, content)
    assert file.read_bytes() == content
    assert names_in(file.parent) == ["state.json"]


def test_a_file_that_was_not_there_is_made(file: Path) -> None:
    file.unlink()
    replace_file(file, NEW)
    assert file.read_bytes() == NEW


def test_whoever_has_the_old_file_open_reads_it_to_its_end(file: Path) -> None:
    with file.open("rb") as reader:
        replace_file(file, NEW)
        assert reader.read() == OLD
    assert file.read_bytes() == NEW


def test_others_may_read_the_file_whatever_the_umask(file: Path) -> None:
    before = os.umask(0o077)
    try:
        replace_file(file, NEW)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_a_full_disk_leaves_the_old_bytes_and_no_other_file(file: Path) -> None:
    """A limit on the size of files stands for a disk that is full: the write ends after some of the bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(NEW) // 2, limits[1]))
    try:
        with pytest.raises(OSError, match=r"File too large: .*/state\.json"):
            replace_file(file, NEW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert file.read_bytes() == OLD
    assert names_in(file.parent) == ["state.json"]


def test_what_cannot_be_replaced_is_left_and_no_other_file(tmp_path: Path) -> None:
    folder = tmp_path / "state.json"
    folder.mkdir()
    with pytest.raises(OSError, match="directory"):
        replace_file(folder, NEW)
    assert names_in(tmp_path) == ["state.json"]
    assert folder.is_dir()


def test_what_is_no_bytes_leaves_the_old_ones_and_no_other_file(file: Path) -> None:
    with pytest.raises(TypeError):
        replace_file(file, "no bytes")  # type: ignore[arg-type]
    assert file.read_bytes() == OLD
    assert names_in(file.parent) == ["state.json"]


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        replace_file(tmp_path / "absent" / "state.json", NEW)
    assert names_in(tmp_path) == []


STOPPED = """
    import os, sys
    from pathlib import Path
    from polyparse.atomic import replace_file

    stop_at, file = int(sys.argv[1]), Path(sys.argv[2])
    steps = 0

    def stop(event, arguments):
        global steps
        if event in {"open", "os.chmod", "os.rename"}:
            steps += 1
            if steps == stop_at:
                os._exit(9)

    sys.addaudithook(stop)
    replace_file(file, b"new")
"""
"""A program that replaces a file, and ends without a word before its n-th opening, change of mode or renaming."""


def test_a_process_that_is_killed_on_its_way_leaves_the_old_bytes_or_the_new_ones(file: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(STOPPED)]
    left = []
    for stop_at in range(1, 50):
        file.write_bytes(OLD)
        process = subprocess.run([*command, str(stop_at), str(file)], cwd=ROOT, check=False)  # noqa: S603 - ours
        left.append(file.read_bytes())
        if process.returncode == 0:
            break
        assert process.returncode == 9
    changed = left.index(b"new")
    assert left == [OLD] * changed + [b"new"] * (len(left) - changed)
    assert changed >= 3  # the other file is made, its mode is changed, it is renamed
    assert len(left) > changed + 1  # the folder is synced after that


def test_a_rename_lasts_once_its_folder_is_synced(file: Path) -> None:
    sync_folder(file.parent)
    with pytest.raises(FileNotFoundError):
        sync_folder(file.parent / "absent")
