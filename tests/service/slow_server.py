"""A server over a fake parser whose runs do not end before a signal to end has come; test_server.py starts it.

Prints "listening PORT" once it serves, "running" when a run has begun and "draining" on a signal; it exits as
`polyparse serve` would.
"""

import asyncio
from threading import Event
from types import FrameType

import uvloop

from service.app import running
from service.end_signals import EndSignals
from service.server import Server
from service.settings import Settings
from tests.service.fakes import BOUND_S, FakeLoader, FakeParser, FakeSource, Gate

signalled = Event()


class SlowGate(Gate):
    """Holds runs until the signal."""

    def enter(self, texts: list[str]) -> None:
        print("running", flush=True)
        assert signalled.wait(BOUND_S)


class TellingServer(Server):
    """Tells the test its port, and the gate of the signal."""

    async def startup(self, sockets: object = None) -> None:
        await super().startup()
        print("listening", self.servers[0].sockets[0].getsockname()[1], flush=True)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        print("draining", flush=True)
        signalled.set()


async def serve() -> None:
    """Serve on a free port."""
    settings = Settings(port=0)
    loader = FakeLoader(FakeParser(gate=SlowGate()))
    async with running(settings, FakeSource(), loader=loader, threads=1) as service:
        server = TellingServer(service.asgi, settings, service.wire, service.lifetime)
        with EndSignals() as signals:
            signals.drain_by(server.handle_exit)
            await server.serve()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
