"""A file of tokens: what it may hold, what refuses it, and that a change holds at once, an emptied file too."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import pytest

from polyparse.errors import ConfigError
from service.tokens import Tokens

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "tokens"
    write(file, b"one\ntwo\n")
    return file


def write(file: Path, content: bytes, mode: int = 0o600) -> None:
    file.write_bytes(content)
    file.chmod(mode)


@pytest.mark.parametrize(
    "content",
    [
        b"one\ntwo\n",
        b"one\r\ntwo",
        b"\n# a comment\n  one\t\n\n#two\ntwo\n",
        b"\xef\xbb\xbfone\ntwo",
        b"one\n" + b"two\n" * 100,
    ],
)
def test_each_line_is_a_token_but_comments_and_blank_ones(file: Path, content: bytes) -> None:
    write(file, content)
    tokens = Tokens(file)
    assert [tokens.admits(each) for each in (b"one", b"two")] == [True, True]
    others = (b"", b"on", b"onee", b"ONE", b"#two", b"# a comment", b"one\ntwo", b"three")
    assert not any(tokens.admits(each) for each in others)


BAD = {
    "nothing in it": (b"", "found no token"),
    "only comments": (b"# one\n\n", "found no token"),
    "a blank in a token": (b"one\nsec ret\n", "found in line 2 something other than"),
    "a letter that no header takes": ("né".encode(), "found in line 1 something other than"),
    "a token without an end": (b"s" * 513, "found in line 1 something other than"),
    "no end": (b"#" * 70_000, "found 70000 bytes"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_file_that_is_wrong_is_refused_and_none_of_it_is_told(file: Path, case: str) -> None:
    content, said = BAD[case]
    write(file, content)
    with pytest.raises(ConfigError, match=said) as refusal:
        Tokens(file)
    assert str(refusal.value).startswith(f"--admin-token-file: {file}: found ")
    assert "sec" not in str(refusal.value)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="found what is no file"):
        Tokens(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="found what is no file"):
        Tokens(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="No such file"):
        Tokens(tmp_path / "nothing")


def test_a_file_that_everybody_may_write_is_refused(file: Path) -> None:
    file.chmod(0o602)
    with pytest.raises(ConfigError, match="found mode 602, by which every user may write a token into it"):
        Tokens(file)


@pytest.mark.parametrize(("mode", "is_told"), [(0o644, True), (0o640, False), (0o400, False)])
def test_a_file_that_everybody_may_read_is_told(
    file: Path, caplog: pytest.LogCaptureFixture, mode: int, *, is_told: bool
) -> None:
    file.chmod(mode)
    with caplog.at_level(logging.WARNING):
        assert Tokens(file).admits(b"one")
    assert ("every user of this machine may read" in caplog.text) is is_told


def test_a_change_holds_from_the_next_look_on(file: Path) -> None:
    tokens = Tokens(file)
    write(file, b"three")
    tokens.look()
    assert (tokens.admits(b"one"), tokens.admits(b"three")) == (False, True)
    file.unlink()
    write(file, b"other")
    tokens.look()
    assert (tokens.admits(b"three"), tokens.admits(b"other")) == (False, True)


def test_a_link_that_leads_elsewhere_is_a_change(tmp_path: Path) -> None:
    """As Kubernetes replaces the files of a Secret."""
    for name in ("old", "new"):
        write(tmp_path / name, name.encode())
    link = tmp_path / "tokens"
    link.symlink_to("old")
    tokens = Tokens(link)
    tmp_path.joinpath("next").symlink_to("new")
    tmp_path.joinpath("next").replace(link)
    tokens.look()
    assert (tokens.admits(b"old"), tokens.admits(b"new")) == (False, True)


@pytest.mark.parametrize("content", [None, b"", b"# none"])
def test_a_file_that_is_emptied_or_gone_admits_nobody_until_it_is_mended(
    file: Path, caplog: pytest.LogCaptureFixture, content: bytes | None
) -> None:
    tokens = Tokens(file)
    if content is None:
        file.unlink()
    else:
        write(file, content)
    for _ in range(3):
        tokens.look()
    assert not tokens.admits(b"one")
    assert len([record for record in caplog.records if "nobody is admitted" in record.message]) == 1
    write(file, b"one")
    tokens.look()
    assert tokens.admits(b"one")
