"""Keys of a repository are withdrawn while a service runs: it goes on serving, says so once, and follows again later.

The repository is fsspec's own in memory, which refuses what its keys do not allow; all else is real.
"""

from __future__ import annotations

import logging
import os
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import httpx
import pytest

pytest.importorskip("fsspec", reason="found no package fsspec (pip install -e '.[s3]')")

from fsspec.implementations.memory import MemoryFileSystem

from polyparse.bundle import release
from polyparse.bundle.release import Edit
from polyparse.repository.cache import Cache
from polyparse.repository.fsspec_store import FsspecStore
from polyparse.repository.push import push
from polyparse.repository.remote_model import RemoteModel
from polyparse.repository.repository import Repository
from service.app import Surroundings, running
from service.registry.loader import BundleLoader
from service.registry.repository_source import RepositorySource
from service.registry.status_file import StatusFile
from service.settings import Settings
from tests.bundles import write_bundle
from tests.service.fakes import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from service.app import Service

pytestmark = pytest.mark.anyio

AT = "2026-01-01T12:00:00+00:00"
DENIED = "expected keys that allow this"
BODY = {"text": "wake me at seven"}


@dataclass
class Keys:
    """Which paths they do not open, by their end; "" ends every path. Counts what was refused."""

    withdrawn: tuple[str, ...] = ()
    refusals: int = 0

    def check(self, path: str) -> None:
        """Raise PermissionError for a path that they do not open."""
        if path.endswith(self.withdrawn):
            self.refusals += 1
            raise PermissionError("Access Denied")


class Guarded(MemoryFileSystem):  # type: ignore[misc]  # fsspec ships no types
    """The objects in memory, for who has keys."""

    cachable = False
    keys: Keys

    def cat_file(self, path: str, *args: Any, **options: Any) -> bytes:
        self.keys.check(path)
        content: bytes = super().cat_file(path, *args, **options)
        return content

    def pipe_file(self, path: str, *args: Any, **options: Any) -> None:
        self.keys.check(path)
        super().pipe_file(path, *args, **options)

    def find(self, path: str, *args: Any, **options: Any) -> Any:
        self.keys.check(path)
        return super().find(path, *args, **options)


class Site(NamedTuple):
    """A service whose keys can be withdrawn, a client of it, and the model as others edit it."""

    service: Service
    client: httpx.AsyncClient
    keys: Keys
    model: RemoteModel

    def promote(self, version: str) -> None:
        """Let a version serve, by keys that are not withdrawn."""
        release.promote(self.model, version, Edit(release.decide_on(self.model), "ann", AT))

    async def version(self) -> str:
        """The version that answers."""
        answer = await self.client.post("/parse", json=BODY)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["model"]["version"])

    async def is_readable(self) -> bool:
        """Whether /metrics says that the state can be read."""
        return "polyparse_swap_state_readable 1.0" in (await self.client.get("/metrics")).text

    async def refused(self, times: int) -> None:
        """Wait until so many more requests to the repository were refused."""
        before = self.keys.refusals
        await until(lambda: self.keys.refusals >= before + times)

    async def until_serves(self, version: str) -> None:
        """Wait until a version serves."""
        manager = self.service.manager
        await until(lambda: manager.serving is not None and manager.serving.identity.version == version)


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Site]:
    """Serve version 1 of two, for the length of a `with`."""
    url, keys = f"memory://{uuid4()}/models", Keys()
    ours, theirs = FsspecStore(url), FsspecStore(url)
    for version in "12":
        push(theirs, "words", version, write_bundle(folder / "words" / version))
    model = RemoteModel(theirs, "words", Cache(folder / "editors"))
    release.promote(model, "1", Edit(release.decide_on(model), "ann", AT))
    ours._fs = Guarded()
    ours._fs.keys = keys
    repository = Repository(ours, Cache(folder / "cache"))
    with closing(RepositorySource(repository, "words")) as source:
        loader = BundleLoader(device="cpu", batch_tokens=64, rehearsals=None)
        settings = Settings(state_poll_s=0.02)
        surroundings = Surroundings(StatusFile(source.model))
        async with (
            running(settings, source, loader=loader, threads=1, surroundings=surroundings) as service,
            httpx.AsyncClient(
                transport=httpx.ASGITransport(service.asgi), base_url="http://service"
            ) as client,
        ):
            yield Site(service, client, keys, model)


async def test_what_serves_goes_on_it_is_said_once_and_a_new_wish_is_followed_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with serving(tmp_path) as site:
        await until(lambda: bool(site.model.statuses()))
        site.keys.withdrawn = ("",)
        site.promote("2")
        await site.refused(10)
        assert (await site.version(), await site.is_readable()) == ("1", False)
        said = [record for record in caplog.records if record.message.startswith("state refused")]
        assert [record.levelname for record in said] == ["ERROR"]
        assert "words/state.json: found PermissionError: Access Denied, expected keys" in said[0].message
        site.keys.withdrawn = ()
        await site.until_serves("2")
        assert (await site.version(), await site.is_readable()) == ("2", True)
        await until(lambda: [each.generation for each in site.model.statuses()] == [2])
    assert site.model.statuses() == []


async def test_keys_that_open_the_state_and_no_bundle_let_the_old_version_serve(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(tmp_path) as site:
        site.keys.withdrawn = ("score.onnx",)
        site.promote("2")
        await until(lambda: DENIED in caplog.text)
        await site.refused(2)
        assert (await site.version(), await site.is_readable()) == ("1", True)
        said = [record.message for record in caplog.records if record.message.startswith("state awaited")]
        assert len([message for message in said if DENIED in message]) == 1
        site.keys.withdrawn = ()
        await site.until_serves("2")


async def test_a_status_that_may_not_be_written_is_said_once_and_hinders_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with serving(tmp_path) as site:
        await until(lambda: bool(site.model.statuses()))
        site.keys.withdrawn = (f"-{os.getpid()}.json",)
        site.promote("2")
        await site.until_serves("2")
        await site.refused(5)
        assert await site.version() == "2"
        assert caplog.text.count("`models list` will not show what this process does") == 1
        site.keys.withdrawn = ()
        await until(lambda: [each.generation for each in site.model.statuses()] == [2])
