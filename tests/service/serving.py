"""The whole service in this process over a fake parser, with a client that speaks HTTP to it."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
from starlette.types import Message

from polyparse.bundle.golden import Golden
from service.administration import Administration
from service.app import Service, Surroundings, running
from service.clock import Clock
from service.registry.version import LoadedVersion
from service.settings import Settings
from service.tracing.tracer import Tracer
from tests.service.fakes import (
    FakeClock,
    FakeLoader,
    FakeParser,
    FakeSource,
    Gate,
    caller,
    golden_of,
    until,
    wish,
)


class Serving(NamedTuple):
    """A running service and ways to touch it."""

    client: httpx.AsyncClient
    service: Service
    parser: FakeParser
    gate: Gate
    clock: FakeClock
    loader: FakeLoader
    source: FakeSource
    tracer: Tracer | None

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

    async def promote(self, version: str, *, keeps: str | None = None) -> None:
        """Wish for a version, which `keeps` stood before, and wait until it serves."""
        manager = self.service.manager
        manager.wish(wish(version, keeps))
        await until(lambda: manager.serving is not None and manager.serving.identity.version == version)

    async def gone(self, version: str) -> None:
        """Wait until a version is not there any more."""
        await until(lambda: version not in {each.number for each in self.service.manager.versions})

    async def samples(self) -> dict[str, float]:
        """What Prometheus would read now: sample -> value."""
        answer = await self.client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=")
        lines = (line for line in answer.text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    def leases(self) -> int:
        """How many requests hold a version."""
        return sum(version.leases for version in self.service.manager.versions)

    def version(self) -> LoadedVersion:
        """The version that serves."""
        assert self.service.manager.serving is not None
        return self.service.manager.serving


@asynccontextmanager
async def serving(
    golden: Golden | None = None,
    *,
    inference_threads: int = 1,
    administration: Administration | None = None,
    tracer: Callable[[Clock], Tracer] | None = None,
    **settings: Any,
) -> AsyncIterator[Serving]:
    """Serve version 1 of a fake parser, for the length of a `with`."""
    parser, clock, source = FakeParser(), FakeClock(), FakeSource()
    loader = FakeLoader(parser, golden or golden_of("two words"))
    made = None if tracer is None else tracer(clock)
    chosen = Settings(**{"state_poll_s": 3600.0, **settings})
    parts = running(
        chosen,
        source,
        loader=loader,
        threads=inference_threads,
        surroundings=Surroundings(administration=administration, tracer=made),
        clock=clock,
    )
    async with parts as service:
        transport = httpx.ASGITransport(service.asgi, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            yield Serving(client, service, parser, parser.gate, clock, loader, source, made)
