"""Only what is in this machine's cache is told as the wish; a repository that fails leaves what serves as it is."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from polyparse.bundle import release
from polyparse.bundle import store as bundles
from polyparse.bundle.release import Edit
from polyparse.bundle.state import Pointer
from polyparse.errors import (
    BundleNotFound,
    ChecksumMismatch,
    NotFetched,
    PolyparseError,
    RepositoryUnreachable,
    StateInvalid,
)
from polyparse.repository import known
from polyparse.repository.cache import Cache
from polyparse.repository.folder_store import FolderStore
from polyparse.repository.repository import Repository
from service.registry import repository_source
from service.registry.repository_source import RepositorySource
from tests.bundles import write_bundle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from service.registry.policy import Desired

AT = "2026-01-01T12:00:00+00:00"


class Store(FolderStore):
    """A repository that can be down."""

    is_down = False

    def read(self, key: str) -> bytes | None:
        self._check(key)
        return super().read(key)

    def read_range(self, key: str, start: int, end: int) -> bytes:
        self._check(key)
        return super().read_range(key, start, end)

    def keys(self, prefix: str) -> list[str]:
        self._check(prefix)
        return super().keys(prefix)

    def _check(self, key: str) -> None:
        if self.is_down:
            raise RepositoryUnreachable("found no answer, expected one", file=f"{self.url}/{key}")


class Site:
    """A repository with a model of three versions, of which 1 serves, and a cache."""

    def __init__(self, folder: Path) -> None:
        self.objects = folder / "objects"
        self.model = self.objects / "words"
        for version in "123":
            write_bundle(self.model / version)
        self.store = Store(self.objects)
        self.cache = Cache(folder / "cache")
        self.sources: list[RepositorySource] = []
        self.promote("1")

    def source(self, name: str | None = None) -> RepositorySource:
        source = RepositorySource(Repository(self.store, self.cache), name)
        self.sources.append(source)
        return source

    def edit(self) -> Edit:
        return Edit(release.decide_on(self.model), "ann", AT)

    def promote(self, version: str) -> None:
        release.promote(self.model, version, self.edit())

    def pointer(self, version: str) -> Pointer:
        return Pointer(version, bundles.digest(self.model / version))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    for source in site.sources:
        source.close()


def fetched(source: RepositorySource, pointer: Pointer) -> Desired:
    """The wish once a bundle is here."""
    refusal: PolyparseError | None = None
    for _ in range(10):
        try:
            return source.read()
        except NotFetched as error:
            refusal = error
            if source._fetcher.folder(pointer) is None:
                source._fetcher.wait(pointer)
    raise AssertionError(refusal)


def test_the_first_reading_waits_until_what_serves_is_here(site: Site) -> None:
    desired = site.source().read()
    assert desired.stable.digest == site.pointer("1").digest
    assert desired.stable.bundle.is_relative_to(site.cache.layout.folder)
    assert (desired.previous, desired.generation) == (None, 1)
    bundles.verify(desired.stable.bundle)


def test_a_new_wish_is_told_once_it_is_here(site: Site) -> None:
    source = site.source()
    first = source.read()
    site.promote("2")
    desired = fetched(source, site.pointer("2"))
    assert (desired.stable.bundle.name, desired.generation) == ("2", 2)
    assert desired.previous == first.stable
    assert source.read() == desired


def test_while_half_of_it_is_there_the_old_wish_holds_and_the_reason_names_the_object(site: Site) -> None:
    source = site.source()
    source.read()
    site.promote("2")
    file = site.model / "2" / "score.onnx"
    content = file.read_bytes()
    file.write_bytes(content[:10])
    with pytest.raises(
        NotFetched, match=r"words/2: found that it is not in the cache yet \(it is being fetched\)"
    ):
        source.read()
    source._fetcher.wait(site.pointer("2"))
    with pytest.raises(
        NotFetched, match=r"it is tried again: .*words/2/score\.onnx: found 10 bytes"
    ) as refusal:
        source.read()
    assert isinstance(refusal.value.__cause__, ChecksumMismatch)
    file.write_bytes(content)
    assert fetched(source, site.pointer("2")).stable.bundle.name == "2"


def test_a_wish_that_goes_back_tells_the_old_one_at_once(site: Site) -> None:
    source = site.source()
    first = source.read()
    site.promote("2")
    site.model.joinpath("2", "score.onnx").write_bytes(b"half")
    with pytest.raises(NotFetched):
        source.read()
    current = release.decide_on(site.model).state
    assert current is not None
    site.model.joinpath("2", "score.onnx").unlink()
    release.rollback(site.model, site.edit())
    desired = source.read()
    assert (desired.stable, desired.previous, desired.generation) == (first.stable, None, 3)


def test_candidates_are_fetched_and_one_that_fails_is_said_once(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    source = site.source()
    source.read()
    release.canary(site.model, "2", 5, site.edit())
    release.shadow(site.model, "3", 0.5, site.edit())
    site.model.joinpath("3", "score.onnx").write_bytes(b"half")
    assert source.read().generation == 3
    for version in "23":
        source._fetcher.wait(site.pointer(version))
    for _ in range(3):
        source.read()
    assert source._fetcher.folder(site.pointer("2")) is not None
    assert caplog.text.count("bundle awaited") == 1


class TestRepositoryThatFails:
    def test_in_the_middle_it_is_told_and_what_serves_is_known(self, site: Site) -> None:
        source = site.source()
        before = source.read()
        site.store.is_down = True
        with pytest.raises(RepositoryUnreachable):
            source.read()
        site.store.is_down = False
        assert source.read() == before

    @pytest.mark.parametrize("name", [None, "words"])
    def test_at_the_start_what_served_last_serves(
        self, site: Site, name: str | None, caplog: pytest.LogCaptureFixture
    ) -> None:
        before = site.source().read()
        site.store.is_down = True
        source = site.source(name)
        assert source.read() == before
        assert caplog.text.count("repository refused, what served last serves") == 1
        with pytest.raises(RepositoryUnreachable):
            source.read()
        site.store.is_down = False
        site.promote("2")
        assert fetched(source, site.pointer("2")).stable.bundle.name == "2"

    def test_at_the_start_a_new_wish_that_cannot_be_fetched_lets_the_old_one_serve(self, site: Site) -> None:
        before = site.source().read()
        site.promote("2")
        site.model.joinpath("2", "score.onnx").write_bytes(b"half")
        source = site.source()
        desired = source.read()
        assert (desired.stable, desired.generation) == (before.stable, 1)
        with pytest.raises(NotFetched):
            source.read()

    def test_without_a_cache_it_waits_for_so_long_and_then_says_why(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(repository_source, "START_S", 0.0)
        site.store.is_down = True
        with pytest.raises(RepositoryUnreachable):
            site.source("words").read()
        with pytest.raises(RepositoryUnreachable):
            site.source()

    def test_who_ends_waits_no_more(self, site: Site) -> None:
        site.store.is_down = True
        source = site.source("words")
        source.close()
        with pytest.raises(RepositoryUnreachable):
            source.read()

    def test_a_state_that_is_gone_or_of_a_later_schema_is_no_wish(self, site: Site) -> None:
        source = site.source()
        before = source.read()
        file = site.model / "state.json"
        content = file.read_bytes()
        file.write_text('{"schema": 3}')
        with pytest.raises(StateInvalid, match="a later polyparse wrote it"):
            source.read()
        file.unlink()
        with pytest.raises(StateInvalid, match="found nothing, expected the state that was there"):
            source.read()
        file.write_bytes(content)
        assert source.read() == before


def test_without_a_state_the_only_version_is_wished_and_none_of_several(site: Site) -> None:
    site.model.joinpath("state.json").unlink()
    with pytest.raises(BundleNotFound, match=r"found 1, 2, 3, expected state\.json"):
        site.source().read()
    for version in "23":
        site.model.joinpath(version, "manifest.json").unlink()
    desired = site.source().read()
    assert (desired.stable.bundle.name, desired.generation) == ("1", None)


def test_what_a_state_names_is_wanted_in_the_cache_before_it_is_fetched(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    source = site.source()
    source.read()
    site.promote("2")
    site.model.joinpath("2", "score.onnx").write_bytes(b"half")
    with pytest.raises(NotFetched):
        source.read()
    assert known.wanted(site.cache.layout) == {site.pointer(version).digest for version in "12"}
    source.close()
    assert list(site.cache.collect(is_dry_run=False)) == []
