"""Downloads from a server on this machine: resumed where they were cut, and told of where they fail."""

from __future__ import annotations

import json
import resource
import socket
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.train.vectors.desk import CONTENT, cut_at
from tests.train.vectors.file_server import serving
from train.vectors.download import TRIES
from train.vectors.errors import DownloadBusy, DownloadFailed
from train.vectors.partial_file import held
from train.vectors.pins import FilePin, Pins

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.train.vectors.desk import Desk
    from tests.train.vectors.file_server import ServedFile


def test_a_file_is_downloaded_and_pinned(
    served: ServedFile, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.downloader.fetch(served.url) == desk.file
    assert desk.file.read_bytes() == CONTENT
    assert json.loads(desk.pin_file.read_text()) == {
        "schema": 1,
        "files": {served.url: {"size": len(CONTENT), "sha256": served.sha256}},
    }
    assert desk.left() == ["pins.json", "wiki.it.align.vec"]
    assert capsys.readouterr().out == (
        f"{desk.file}: {len(CONTENT)} bytes, sha256 {served.sha256} (pinned now)\n"
    )
    assert desk.waits == []


def test_what_is_there_as_pinned_is_not_downloaded_again(served: ServedFile, desk: Desk) -> None:
    for _ in range(2):
        desk.downloader.fetch(served.url)
    assert served.asked == [None]


def test_a_cut_is_another_try_from_where_it_was(served: ServedFile, desk: Desk) -> None:
    served.cuts = [1_000_000, 700_001]
    desk.downloader.fetch(served.url)
    assert desk.file.read_bytes() == CONTENT
    assert served.asked == [None, "bytes=1000000-", "bytes=1700001-"]
    assert desk.waits == [1.0, 1.0]


def test_another_process_goes_on_where_the_first_was_ended(served: ServedFile, desk: Desk) -> None:
    cut_at(served, desk, 1_234_567)
    desk.downloader.fetch(served.url)
    assert desk.file.read_bytes() == CONTENT
    assert served.asked == ["bytes=1234567-"]
    assert desk.left() == ["pins.json", "wiki.it.align.vec"]


def test_a_server_without_ranges_is_read_from_the_beginning(
    served: ServedFile, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    cut_at(served, desk, 2_000_000)
    served.takes_ranges = False
    desk.downloader.fetch(served.url)
    assert desk.file.read_bytes() == CONTENT
    assert served.asked == ["bytes=2000000-"]
    assert "the server gives no part of it, or it was changed; from the beginning" in capsys.readouterr().out


def test_a_server_without_ranges_that_always_cuts_is_given_up(served: ServedFile, desk: Desk) -> None:
    served.takes_ranges, served.cuts = False, [1_000_000] * 99
    message = rf"vec: found an end after 1000000 of 3000000 bytes {TRIES} times with 1000000 bytes here"
    with pytest.raises(DownloadFailed, match=message):
        desk.downloader.fetch(served.url)
    assert len(served.asked) <= TRIES + 1


def test_a_file_that_changed_meanwhile_is_not_mixed_with_the_old_one(served: ServedFile, desk: Desk) -> None:
    cut_at(served, desk, 1_000_000)
    served.content = CONTENT[::-1]
    desk.downloader.fetch(served.url)
    assert desk.file.read_bytes() == CONTENT[::-1]


def test_without_a_name_for_the_bytes_a_first_download_is_not_resumed(served: ServedFile, desk: Desk) -> None:
    """Nothing would tell that the second part is of the same file as the first."""
    served.has_etag = False
    cut_at(served, desk, 1_000_000)
    desk.downloader.fetch(served.url)
    assert served.asked == [None]
    assert desk.file.read_bytes() == CONTENT


def test_without_a_name_for_the_bytes_a_pin_lets_it_go_on(served: ServedFile, desk: Desk) -> None:
    Pins(desk.pin_file).add(served.url, FilePin(len(CONTENT), served.sha256))
    served.has_etag = False
    cut_at(served, desk, 1_000_000)
    desk.downloader.fetch(served.url)
    assert served.asked == ["bytes=1000000-"]
    assert desk.file.read_bytes() == CONTENT


def test_all_bytes_that_were_left_in_place_are_taken_as_they_are(served: ServedFile, desk: Desk) -> None:
    """As if the machine had gone down between the last byte and the pin: 416 says that nothing is left."""
    cut_at(served, desk, 2_999_999)
    with desk.partial.open("ab") as stream:
        stream.write(CONTENT[-1:])
    desk.downloader.fetch(served.url)
    assert desk.file.read_bytes() == CONTENT
    assert served.asked == [f"bytes={len(CONTENT)}-"]


def test_more_bytes_here_than_the_server_has_are_forgotten(served: ServedFile, desk: Desk) -> None:
    cut_at(served, desk, 2_999_999)
    with desk.partial.open("ab") as stream:
        stream.write(b"xxx")
    desk.downloader.fetch(served.url)
    assert desk.file.read_bytes() == CONTENT
    assert served.asked == ["bytes=3000002-", None]


def test_a_server_that_is_busy_is_asked_again(served: ServedFile, desk: Desk) -> None:
    served.statuses = [503, 429, 500]
    desk.downloader.fetch(served.url)
    assert desk.waits == [1.0, 2.0, 4.0]
    assert desk.file.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("status", "message", "requests"),
    [
        (404, "found the answer 404 Not Found, expected the file", 1),
        (503, "found 503 Service Unavailable 5 times", 5),
    ],
)
def test_a_server_that_refuses_is_told_of(
    status: int, message: str, requests: int, served: ServedFile, desk: Desk
) -> None:
    served.statuses = [status] * 99
    with pytest.raises(DownloadFailed, match=message):
        desk.downloader.fetch(served.url)
    assert len(served.asked) == requests
    assert not desk.file.exists()


def test_a_server_that_is_not_there_is_told_of(desk: Desk) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/x.vec"
        with pytest.raises(DownloadFailed, match=r"x.vec: found .*refused.* 5 times with 0 bytes here"):
            desk.downloader.fetch(url)


def test_a_server_that_falls_silent_is_another_try(desk: Desk) -> None:
    """One that accepts and never answers."""
    impatient = replace(desk.downloader, timeout_s=0.01)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/x.vec"
        with pytest.raises(DownloadFailed, match=r"found timed out 5 times"):
            impatient.fetch(url)


def test_an_answer_without_an_end_needs_a_digest(served: ServedFile, desk: Desk) -> None:
    served.sends_length = False
    with pytest.raises(
        DownloadFailed, match=r"found an answer without a length.*expected a length, or --sha256"
    ):
        desk.downloader.fetch(served.url)
    desk.downloader.fetch(served.url, sha256=served.sha256)
    assert desk.file.read_bytes() == CONTENT


def test_a_redirect_is_followed_but_not_to_a_file_of_this_machine(served: ServedFile, desk: Desk) -> None:
    with serving(b"") as other:
        other.redirects_to = served.url
        desk.downloader.fetch(other.url)
        assert desk.file.read_bytes() == CONTENT
        desk.file.unlink()
        desk.pin_file.unlink()
        for target in ("file:///etc/passwd", "ftp://127.0.0.1/x.vec"):
            other.redirects_to = target
            with pytest.raises(DownloadFailed, match=r"found (a redirect to|the answer)"):
                desk.downloader.fetch(other.url)


def test_two_processes_do_not_download_into_one_file(served: ServedFile, desk: Desk) -> None:
    desk.folder.mkdir()
    with held(desk.file), pytest.raises(DownloadBusy, match="found another process that downloads it"):
        desk.downloader.fetch(served.url)
    desk.downloader.fetch(served.url)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """The kernel takes no more bytes into any file of this process."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_takes_no_more_is_told_of_and_what_came_is_kept(served: ServedFile, desk: Desk) -> None:
    with (
        files_of_at_most(1_000_000),
        pytest.raises(DownloadFailed, match=r"wiki.it.align.vec: found no way to write \(File too large\)"),
    ):
        desk.downloader.fetch(served.url)
    assert desk.partial.stat().st_size == 1_000_000
    served.asked.clear()
    desk.downloader.fetch(served.url)
    assert desk.file.read_bytes() == CONTENT
    assert served.asked == ["bytes=1000000-"]
