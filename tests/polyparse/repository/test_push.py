"""A push makes a version whole or not at all, and never another one of what is there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from threading import Barrier
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from polyparse.bundle.store import digest, record, verify
from polyparse.errors import (
    BundleNotFound,
    ChecksumMismatch,
    ManifestInvalid,
    RepositoryUnreachable,
    VersionTaken,
)
from polyparse.repository.cache import Cache
from polyparse.repository.folder_store import FolderStore
from polyparse.repository.layout import BundleName
from polyparse.repository.push import push
from polyparse.repository.remote_model import versions_in
from polyparse.repository.repository import opened
from tests.bundles import edit_manifest, write_bundle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from polyparse.repository.store import ObjectStore


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "words" / "1")


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "objects")


def test_what_is_pushed_is_the_bundle_and_the_same_again_changes_nothing(
    bundle: Path, store: FolderStore, tmp_path: Path
) -> None:
    for _ in range(2):
        assert push(store, "words", "1", bundle) == digest(bundle)
        verify(tmp_path / "objects" / "words" / "1", digest=digest(bundle))


def test_another_bundle_of_the_name_is_refused_and_what_is_there_stays(
    bundle: Path, store: FolderStore, tmp_path: Path
) -> None:
    first = push(store, "words", "1", bundle)
    edit_manifest(bundle, locales=["en-US"])
    with pytest.raises(VersionTaken, match=f"found sha256 {first}, expected none or {digest(bundle)}"):
        push(store, "words", "1", bundle)
    verify(tmp_path / "objects" / "words" / "1", digest=first)


def test_until_the_manifest_is_there_there_is_no_version(
    bundle: Path, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(key: str, content: bytes) -> None:
        raise RepositoryUnreachable("found an outage, expected an answer", file=key)

    monkeypatch.setattr(store, "put_new", fail)
    with pytest.raises(RepositoryUnreachable):
        push(store, "words", "1", bundle)
    assert versions_in(store.keys("words/"), "words/") == []
    monkeypatch.undo()
    push(store, "words", "1", bundle)
    assert versions_in(store.keys("words/"), "words/") == ["1"]


@pytest.mark.parametrize(("name", "version"), [("..", "1"), ("words", "../1"), ("words", ""), ("a/b", "1")])
def test_no_name_leads_out_of_the_repository(
    bundle: Path, store: FolderStore, name: str, version: str
) -> None:
    with pytest.raises(BundleNotFound, match="expected the name of a folder"):
        push(store, name, version, bundle)
    assert store.keys("") == []


def test_what_is_damaged_or_of_another_name_is_not_pushed(bundle: Path, store: FolderStore) -> None:
    with pytest.raises(ManifestInvalid, match="found words/1, expected words/2, as which it is pushed"):
        push(store, "words", "2", bundle)
    bundle.joinpath("score.onnx").write_bytes(b"")
    with pytest.raises(ChecksumMismatch):
        push(store, "words", "1", bundle)
    assert store.keys("") == []


class Stepped(FolderStore):
    """A store that does something before its n-th call."""

    def __init__(self, folder: Path, calls_left: int, interrupt: Callable[[], None]) -> None:
        super().__init__(folder)
        self.calls_left, self._interrupt = calls_left, interrupt

    def read(self, key: str) -> bytes | None:
        self._step()
        return super().read(key)

    def put_new(self, key: str, content: bytes) -> None:
        self._step()
        FolderStore(self._folder).put_new(key, content)  # whose own reading is no step

    def upload(self, file: Path, key: str) -> None:
        self._step()
        super().upload(file, key)

    def remove(self, key: str) -> None:
        self._step()
        super().remove(key)

    def _step(self) -> None:
        self.calls_left -= 1
        if self.calls_left == 0:
            self._interrupt()


class Rivals:
    """Two bundles of one name and version whose files differ, too."""

    def __init__(self, folder: Path) -> None:
        self.ours, self.theirs = (write_bundle(folder / side / "words" / "1") for side in ("ours", "theirs"))
        vocabulary = self.theirs / "vocabulary.json"
        vocabulary.write_bytes(vocabulary.read_bytes() + b"\n")
        edit_manifest(self.theirs, files=describe(self.theirs, but="manifest.json"))


def describe(folder: Path, *, but: str) -> dict[str, object]:
    """The table of files of a manifest."""
    files = [path for path in sorted(folder.iterdir()) if path.name != but]
    return {path.name: asdict(record(path)) for path in files}


def outcome(store: ObjectStore, bundle: Path) -> str:
    """The digest that was pushed, or why it was not."""
    try:
        return push(store, "words", "1", bundle)
    except VersionTaken as error:
        return error.code


@pytest.mark.parametrize("call", range(1, 11))
def test_another_bundle_that_is_pushed_between_any_two_steps_wins_whole_or_is_refused(
    tmp_path: Path, call: int
) -> None:
    rivals, objects, theirs = Rivals(tmp_path), tmp_path / "objects", list[str]()

    def interrupt() -> None:
        theirs.append(outcome(FolderStore(objects), rivals.theirs))

    store = Stepped(objects, call, interrupt)
    ours = outcome(store, rivals.ours)
    assert store.calls_left <= 0
    assert sorted([ours, *theirs]).count("version_taken") == len(theirs)
    winner = next(each for each in (ours, *theirs) if each != "version_taken")
    verify(objects / "words" / "1", digest=winner)
    assert FolderStore(objects).keys("words/.pushes/") == []


def test_a_push_that_did_not_end_keeps_its_version_for_the_same_bundle(tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    def kill() -> None:
        raise Killed

    rivals, objects = Rivals(tmp_path), tmp_path / "objects"
    with pytest.raises(Killed):
        push(Stepped(objects, 5, kill), "words", "1", rivals.ours)
    store = FolderStore(objects)
    with pytest.raises(
        VersionTaken,
        match=rf"words/\.pushes/1: found that another .*{digest(rivals.ours)}.*remove this object",
    ):
        push(store, "words", "1", rivals.theirs)
    assert push(store, "words", "1", rivals.ours) == digest(rivals.ours)
    assert store.keys("words/.pushes/") == []
    assert outcome(store, rivals.theirs) == "version_taken"
    verify(objects / "words" / "1", digest=digest(rivals.ours))


def in_memory(tmp_path: Path) -> str:
    pytest.importorskip("fsspec")
    return f"memory://{uuid4()}/models"


@pytest.mark.parametrize("url", [lambda tmp_path: f"file://{tmp_path}/objects", in_memory])
def test_of_many_at_once_one_bundle_wins_and_is_whole(tmp_path: Path, url: Callable[[Path], str]) -> None:
    rivals, cache = Rivals(tmp_path), Cache(tmp_path / "cache")
    store, barrier = opened(url(tmp_path), cache).store, Barrier(8)

    def pushed(number: int) -> str:
        barrier.wait(timeout=30)
        return outcome(store, (rivals.ours, rivals.theirs)[number % 2])

    with ThreadPoolExecutor(8) as pool:
        outcomes = set(pool.map(pushed, range(8)))
    (winner,) = outcomes - {"version_taken"}
    assert len(outcomes) == 2
    cache.obtain(BundleName("words", "1", winner), store, "words/1/")
