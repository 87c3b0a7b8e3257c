"""A file is read at once or refused at once, whatever bears its name."""

from __future__ import annotations

import os
import re
import socket
from typing import TYPE_CHECKING

import pytest

from polyparse.bundle import plain_file
from polyparse.errors import StateInvalid

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_file_is_read_whole_also_through_a_link(tmp_path: Path) -> None:
    tmp_path.joinpath("file").write_bytes(b"\x00\xffbytes")
    tmp_path.joinpath("link").symlink_to("file")
    assert plain_file.read(tmp_path / "file") == plain_file.read(tmp_path / "link") == b"\x00\xffbytes"


def test_nothing_is_told_from_an_empty_file(tmp_path: Path) -> None:
    tmp_path.joinpath("file").touch()
    assert plain_file.read(tmp_path / "file") == b""
    assert plain_file.read(tmp_path / "nothing") is None
    assert plain_file.read(tmp_path / "file" / "below") is None


def bind(file: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(file))  # the whole path may be longer than a socket's may be


KINDS: dict[str, Callable[[Path], object]] = {
    "found a folder": lambda file: file.mkdir(),
    "found a pipe": os.mkfifo,
    "found a socket": bind,
    "found a device": lambda file: file.symlink_to("/dev/zero"),
    "found a link to what is not there": lambda file: file.symlink_to("nothing"),
    "found no way to read it (Too many levels of symbolic links)": lambda file: file.symlink_to(file.name),
    "found no way to read it (Input/output error)": lambda file: file.symlink_to("/proc/self/mem"),
}


@pytest.mark.parametrize("message", KINDS)
def test_what_is_no_file_is_refused_and_nobody_waits_for_it(
    tmp_path: Path, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "state.json"
    KINDS[message](file)
    with pytest.raises(
        StateInvalid, match=f"^{re.escape(f'{file}: {message}')}, expected a file$"
    ) as refusal:
        plain_file.read(file)
    assert refusal.value.file == file
