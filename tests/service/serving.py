"""The whole service in this process over a fake model, with a client that speaks HTTP to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx

from polyparse.bundle.golden import Golden
from service.app import Service, running
from service.settings import Settings
from tests.service.fakes import BUNDLE, FakeClock, FakeModel, Gate, loader_of


class Serving(NamedTuple):
    """A running service and ways to touch it."""

    client: httpx.AsyncClient
    service: Service
    model: FakeModel
    gate: Gate
    clock: FakeClock

    async def parse(self, text: str, **fields: object) -> httpx.Response:
        """Ask /parse as a caller would."""
        return await self.client.post("/parse", json={"text": text, **fields})


@asynccontextmanager
async def serving(golden: Golden | None = None, **settings: Any) -> AsyncIterator[Serving]:
    """Serve a fake model with one lane, for the length of a `with`."""
    model, clock = FakeModel(), FakeClock()
    chosen = Settings(**{"lanes": 1, **settings})
    async with running(chosen, BUNDLE, load=loader_of(model, golden), clock=clock) as service:
        transport = httpx.ASGITransport(service.asgi, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            yield Serving(client, service, model, model.gate, clock)
