"""Stores of objects keep one promise, wherever objects are: a conditional put is made on its condition or not at all."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from polyparse.errors import AccessDenied, ConfigError, EditsUnsafe, FileMissing, RepositoryUnreachable
from polyparse.repository.folder_store import FolderStore
from polyparse.repository.fsspec_store import FsspecStore
from polyparse.repository.probe import PREFIX, check_conditional_puts
from polyparse.repository.store import Lost, put_after

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from polyparse.repository.store import ObjectStore

KEY = "words/state.json"


def folder(tmp_path: Path) -> ObjectStore:
    return FolderStore(tmp_path / "objects")


def memory(tmp_path: Path) -> ObjectStore:
    pytest.importorskip("fsspec")
    return FsspecStore(f"memory://{uuid4()}/models")


@pytest.fixture(params=[folder, memory])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    make: Callable[[Path], ObjectStore] = request.param
    return make(tmp_path)


def test_what_is_written_is_read_whole_and_in_parts(store: ObjectStore) -> None:
    assert (store.read(KEY), store.tag(KEY)) == (None, None)
    store.put(KEY, b"0123456789")
    assert store.read(KEY) == b"0123456789"
    assert [store.read_range(KEY, start, start + 4) for start in (0, 4, 8)] == [b"0123", b"4567", b"89"]
    store.put(KEY, b"")
    assert store.read(KEY) == b""
    with pytest.raises(FileMissing, match=r"objects?/other|models/other"):
        store.read_range("other", 0, 1)


def test_it_says_when_an_object_was_put(store: ObjectStore) -> None:
    before_s = time.time() - 1
    assert store.written_s("words/") == {}
    for key in (KEY, "words/.status/a.json", "other"):
        store.put(key, b"1")
    assert list(store.written_s("words/.status/")) == ["words/.status/a.json"]
    times_s = store.written_s("words/")
    assert list(times_s) == ["words/.status/a.json", KEY]
    assert all(time_s is not None and before_s < time_s < time.time() + 1 for time_s in times_s.values())


def test_a_first_put_is_refused_where_an_object_is(store: ObjectStore) -> None:
    store.put_new(KEY, b"1")
    with pytest.raises(Lost):
        store.put_new(KEY, b"2")
    assert store.read(KEY) == b"1"


def test_a_put_on_a_tag_that_is_past_is_refused(store: ObjectStore) -> None:
    with pytest.raises(Lost):
        store.put_if(KEY, b"1", "no tag")
    store.put_new(KEY, b"1")
    first = store.tag(KEY) or ""
    store.put_if(KEY, b"2", first)
    with pytest.raises(Lost):
        store.put_if(KEY, b"3", first)
    assert store.read(KEY) == b"2"


def test_of_many_puts_at_once_one_is_made(store: ObjectStore) -> None:
    barrier = Barrier(8)
    for tag in (None, ""):
        before = None if tag is None else store.tag(KEY)

        def put(number: int, before: str | None = before) -> bool:
            barrier.wait(timeout=30)
            try:
                put_after(store, KEY, f"{number} after {before}".encode(), before)
            except Lost:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(put, range(8))) == 1


def test_keys_are_those_below_a_prefix_in_order(store: ObjectStore, tmp_path: Path) -> None:
    assert store.keys("") == []
    file = tmp_path / "file"
    file.write_bytes(b"content")
    for key in ("b/2/x", "b/1/y", "a/z", "bc"):
        store.upload(file, key)
    assert store.keys("") == ["a/z", "b/1/y", "b/2/x", "bc"]
    assert store.keys("b/") == ["b/1/y", "b/2/x"]
    assert store.read("b/1/y") == b"content"
    for _ in range(2):
        store.remove("b/1/y")
    assert store.keys("b/") == ["b/2/x"]


def test_edits_are_safe_here_and_the_trial_leaves_nothing(store: ObjectStore) -> None:
    check_conditional_puts(store)
    check_conditional_puts(store, "words/")
    assert [key for key in store.keys("") if PREFIX in key] == []


class Overwrites(FolderStore):
    """What stores exist that do not know the conditions: a put is made whatever they say."""

    ignored: tuple[str, ...] = ("put_new", "put_if")

    def put_new(self, key: str, content: bytes) -> None:
        self.put(key, content) if "put_new" in self.ignored else super().put_new(key, content)

    def put_if(self, key: str, content: bytes, tag: str) -> None:
        self.put(key, content) if "put_if" in self.ignored else super().put_if(key, content, tag)


@pytest.mark.parametrize(
    ("ignored", "header"), [(("put_new", "put_if"), "If-None-Match"), (("put_if",), "If-Match")]
)
def test_a_store_that_ignores_a_condition_is_found_out_by_its_header(
    tmp_path: Path, ignored: tuple[str, ...], header: str
) -> None:
    store = Overwrites(tmp_path)
    store.ignored = ignored
    with pytest.raises(EditsUnsafe, match=f"ignores {header} and overwrites"):
        check_conditional_puts(store)
    assert [key for key in store.keys("") if PREFIX in key] == []


def test_a_store_without_known_conditional_puts_takes_no_edit() -> None:
    pytest.importorskip("fsspec")
    store = FsspecStore("memory://x")
    store._protocol = "az"
    with pytest.raises(EditsUnsafe, match="found az, expected a store whose conditional puts are known"):
        store.put_new("state.json", b"")


class GoogleError(Exception):
    """As gcsfs raises it: with a code, and no OSError."""

    def __init__(self, code: int) -> None:
        super().__init__(f"{code}")
        self.code = code


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            OSError("Forbidden: https://storage/b/x\nnobody does not have storage.objects.get access"),
            AccessDenied,
        ),
        (GoogleError(401), AccessDenied),
        (GoogleError(503), RepositoryUnreachable),
        (TimeoutError(), RepositoryUnreachable),
    ],
)
def test_what_google_refuses_is_told_from_what_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, error: Exception, expected: type[Exception]
) -> None:
    pytest.importorskip("fsspec")

    def fail(*_: object, **__: object) -> bytes:
        raise error

    store = FsspecStore(f"memory://{uuid4()}")
    monkeypatch.setattr(store._fs, "cat_file", fail, raising=True)
    with pytest.raises(expected, match=r"memory://.*/x: found "):
        store.read("x")


def test_what_keeps_a_folder_from_answering_is_named_with_its_place(tmp_path: Path) -> None:
    tmp_path.joinpath("words").write_text("a file")
    with pytest.raises(RepositoryUnreachable, match=r"file://.*/words/1/x: found .*, expected an answer"):
        FolderStore(tmp_path).put("words/1/x", b"")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may do everything")
def test_a_folder_that_takes_nothing_says_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(AccessDenied, match="found no permission"):
        FolderStore(tmp_path).put("x", b"")


@pytest.mark.parametrize("url", ["nothing://x", "s4://bucket/x"])
def test_a_url_that_nobody_knows_is_refused_by_its_name(url: str) -> None:
    pytest.importorskip("fsspec")
    with pytest.raises(ConfigError, match=f"{url}: found .*, expected a URL that fsspec knows"):
        FsspecStore(url)


def test_without_its_package_a_url_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fsspec", None)
    with pytest.raises(ConfigError, match=r"s3://b/x: found no package .*: pip install -c .* -e '\.\[s3\]'"):
        FsspecStore("s3://b/x")
