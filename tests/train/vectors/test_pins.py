"""Pins and digests: what is not as it was pinned, or expected, is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from polyparse.errors import ConfigError
from tests.train.vectors.desk import CONTENT
from train.vectors.errors import PinMismatch
from train.vectors.pins import FilePin, Pins

if TYPE_CHECKING:
    from tests.train.vectors.desk import Desk
    from tests.train.vectors.file_server import ServedFile


def test_another_digest_than_the_pinned_one_is_refused_and_nothing_stays(
    served: ServedFile, desk: Desk
) -> None:
    Pins(desk.pin_file).add(served.url, FilePin(len(CONTENT), "0" * 64))
    message = rf"vec: found 3000000 bytes of sha256 {served.sha256}, expected 3000000 bytes of sha256 0{{64}} as pinned"
    with pytest.raises(PinMismatch, match=message):
        desk.downloader.fetch(served.url)
    assert desk.left() == ["pins.json"]


def test_another_size_than_the_pinned_one_is_refused_before_a_byte_comes(
    served: ServedFile, desk: Desk
) -> None:
    Pins(desk.pin_file).add(served.url, FilePin(7, served.sha256))
    with pytest.raises(PinMismatch, match="found a file of 3000000 bytes, expected 7 bytes of sha256"):
        desk.downloader.fetch(served.url)
    assert not desk.file.exists()


def test_more_bytes_than_were_pinned_are_not_taken(served: ServedFile, desk: Desk) -> None:
    Pins(desk.pin_file).add(served.url, FilePin(7, served.sha256))
    served.sends_length = False
    with pytest.raises(PinMismatch, match="found more than 7 bytes, expected no more"):
        desk.downloader.fetch(served.url)


def test_a_digest_can_be_expected_at_the_first_download(served: ServedFile, desk: Desk) -> None:
    with pytest.raises(PinMismatch, match=f"found 3000000 bytes .*, expected sha256 {'1' * 64}"):
        desk.downloader.fetch(served.url, sha256="1" * 64)
    desk.downloader.fetch(served.url, sha256=served.sha256)
    with pytest.raises(PinMismatch, match=f"found sha256 {served.sha256} in .*, expected {'1' * 64}"):
        desk.downloader.fetch(served.url, sha256="1" * 64)


def test_a_file_that_was_damaged_here_is_refused(served: ServedFile, desk: Desk) -> None:
    desk.downloader.fetch(served.url)
    desk.file.write_bytes(CONTENT[:-1])
    message = r"wiki.it.align.vec: found 2999999 bytes of sha256 .*, expected 3000000 .*; remove it"
    with pytest.raises(PinMismatch, match=message):
        desk.downloader.fetch(served.url)


def test_a_file_that_no_pin_tells_of_is_left_alone(served: ServedFile, desk: Desk) -> None:
    desk.folder.mkdir()
    desk.file.write_text("mine")
    with pytest.raises(ConfigError, match=r"found a file that .*pins.json does not tell of"):
        desk.downloader.fetch(served.url)
    assert desk.file.read_text() == "mine"


@pytest.mark.parametrize(
    "url",
    [
        "x.vec",
        "file:///tmp/x.vec",
        "ftp://host/x.vec",
        "http:///x.vec",
        "http://host/",
        "http://host/folder/",
        "http://host/..",
        "http://name:word@host/x.vec",
        "http://host:port/x.vec",
        "http://host/a b.vec",
        "http://host/a%2Fb.vec",
    ],
)
def test_what_is_no_url_of_a_file_is_refused(url: str, desk: Desk) -> None:
    with pytest.raises(ConfigError, match=r"URL: found '.*', expected http:// or https://"):
        desk.downloader.fetch(url)
    assert not desk.folder.exists()


def test_a_file_named_like_the_pins_does_not_replace_them(served: ServedFile, desk: Desk) -> None:
    with pytest.raises(ConfigError, match="found the name of the pin file"):
        desk.downloader.fetch(served.url.replace("wiki.it.align.vec", "pins.json"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("nonsense", "pins.json: "),
        ('{"schema": 2, "files": {}}', "pins.json: schema: found 2, expected 1"),
        (
            '{"schema": 1, "files": {"u": {"size": "7", "sha256": ""}}}',
            "pins.json: .*size.*expected an integer",
        ),
    ],
)
def test_a_damaged_pin_file_is_refused(content: str, message: str, served: ServedFile, desk: Desk) -> None:
    desk.folder.mkdir()
    desk.pin_file.write_text(content)
    with pytest.raises(ConfigError, match=message):
        desk.downloader.fetch(served.url)


def test_a_url_keeps_its_pin(desk: Desk) -> None:
    pins = Pins(desk.pin_file)
    pins.add("http://host/b.vec", FilePin(1, "b"))
    pins.add("http://host/a.vec", FilePin(2, "a"))
    pins.add("http://host/a.vec", FilePin(2, "a"))
    with pytest.raises(PinMismatch, match=r"found .*'c'.*, expected .*'a'.* as in .*pins.json"):
        pins.add("http://host/a.vec", FilePin(2, "c"))
    assert list(json.loads(desk.pin_file.read_text())["files"]) == ["http://host/a.vec", "http://host/b.vec"]
    assert pins.find("http://host/b.vec") == FilePin(1, "b")
