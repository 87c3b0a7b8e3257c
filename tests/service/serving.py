"""The whole service in this process over a fake parser, with a client that speaks HTTP to it."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
from starlette.types import Message

from polyparse.bundle.golden import Golden
from service.app import Service, running
from service.registry.version import Version
from service.settings import Settings
from tests.service.fakes import FakeClock, FakeParser, Gate, caller, loader_of, located


class Serving(NamedTuple):
    """A running service and ways to touch it."""

    client: httpx.AsyncClient
    service: Service
    parser: FakeParser
    gate: Gate
    clock: FakeClock

    async def parse(
        self, text: str, *, headers: Mapping[str, str] | None = None, **fields: object
    ) -> httpx.Response:
        """Ask /parse as a caller would."""
        return await self.client.post("/parse", json={"text": text, **fields}, headers=headers)

    async def parse_batch(
        self, items: Sequence[object], *, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Ask /parse/batch as a caller would."""
        return await self.client.post("/parse/batch", json={"items": items}, headers=headers)

    async def raw(self, messages: Iterable[Message], **scope: Any) -> list[Any]:
        """Speak ASGI, to /parse unless told otherwise, as a caller of these messages; return what he is sent."""
        sent: list[Any] = []

        async def send(message: Message) -> None:
            sent.append(message)

        usual = {"type": "http", "method": "POST", "path": "/parse", "headers": [], "query_string": b""}
        await self.service.asgi({**usual, **scope}, caller(messages), send)
        return sent

    async def samples(self) -> dict[str, float]:
        """What Prometheus would read now: sample -> value."""
        answer = await self.client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=")
        lines = (line for line in answer.text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    def version(self) -> Version:
        """The version that serves."""
        assert self.service.manager.serving is not None
        return self.service.manager.serving


@asynccontextmanager
async def serving(golden: Golden | None = None, **settings: Any) -> AsyncIterator[Serving]:
    """Serve version 1 of a fake parser with one inference thread, for the length of a `with`."""
    parser, clock = FakeParser(), FakeClock()
    chosen = Settings(**{"threads": 1, **settings})
    async with running(chosen, located("1"), load=loader_of(parser, golden), clock=clock) as service:
        transport = httpx.ASGITransport(service.asgi, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            yield Serving(client, service, parser, parser.gate, clock)
