"""The service in this process over real bundles and a real state: what happens inside can be seen, and nothing is faked."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from polyparse.bundle import release
from polyparse.bundle import state as states
from polyparse.bundle.release import Edit
from service.app import Surroundings, running
from service.registry.loader import BundleLoader
from service.registry.source import StateSource
from service.registry.status_file import StatusFile
from service.settings import Settings
from tests.service.fakes import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from polyparse.bundle.state import DesiredState
    from service.app import Service

AT = "2026-01-01T12:00:00+00:00"


class Inside(NamedTuple):
    """A service that follows the state of a model, and a client that speaks HTTP to it."""

    model: Path
    service: Service
    client: httpx.AsyncClient

    def edit(self) -> Edit:
        """An edit of the state as it is."""
        return Edit(release.decide_on(self.model), "ann", AT)

    def state(self) -> DesiredState:
        """The state as it is."""
        state = states.read(self.model)
        assert state is not None
        return state

    async def parse(self, text: str, key: str | None = None, **fields: Any) -> httpx.Response:
        """Ask /parse, by a key."""
        headers = {} if key is None else {"x-canary-key": key}
        return await self.client.post("/parse", json={"text": text, **fields}, headers=headers)

    async def samples(self) -> Mapping[str, float]:
        """What Prometheus would read."""
        answer = await self.client.get("/metrics")
        lines = (line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, value in lines}

    async def until_tried(self, version: str) -> None:
        """Wait until a version answers as the canary."""
        candidates = self.service.manager.candidates
        await until(lambda: candidates.split is not None and candidates.split.canary.number == version)

    async def until_serves(self, version: str) -> None:
        """Wait until a version serves."""
        manager = self.service.manager
        await until(lambda: manager.serving is not None and manager.serving.identity.version == version)

    async def until_generation(self, generation: int) -> None:
        """Wait until the state is that far."""
        await until(lambda: self.state().generation >= generation)


@asynccontextmanager
async def inside(model: Path, **settings: Any) -> AsyncIterator[Inside]:
    """Serve a model for the length of a `with`."""
    chosen = Settings(**{"state_poll_s": 0.02, "max_wait_ms": 60_000.0, **settings})
    loader = BundleLoader(device="cpu", batch_tokens=64, rehearsals=None)
    source = StateSource(model.parent, model.name)
    async with running(
        chosen, source, loader=loader, threads=2, surroundings=Surroundings(StatusFile(model))
    ) as service:
        transport = httpx.ASGITransport(service.asgi, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            yield Inside(model, service, client)
