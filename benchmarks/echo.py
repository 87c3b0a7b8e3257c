"""The service without its work: a FastAPI endpoint with the same request and response models that does nothing.

It runs as the service does: same server, same event loop, same settings. What it answers is the service's own example.
"""

import asyncio
import gc
import sys
from collections.abc import Sequence
from functools import partial

import uvloop
from fastapi import FastAPI

from service.api.admission_gate import NEEDS_NONE
from service.api.health import Live
from service.api.problems import on_the_wire
from service.api.schemas import RESPONSE, ParseRequest, ParseResponse
from service.clock import system
from service.descriptors import connections_here
from service.end_signals import EndSignals
from service.http.arrivals import Arrivals
from service.http.limits import ConnectionLimits
from service.http.wire import Wire
from service.lifetime import Lifetime
from service.server import Server
from service.settings import Settings, read


def app() -> FastAPI:
    """POST /parse, and /health/ready to wait for."""
    built = FastAPI(redirect_slashes=False)
    answer = ParseResponse.model_validate(RESPONSE)

    @built.post("/parse")
    async def parse(request: ParseRequest) -> ParseResponse:
        return answer

    @built.get("/health/ready")
    async def ready() -> Live:
        return Live()

    return built


async def serve(settings: Settings) -> None:
    """Serve until a signal."""
    gc.collect()
    gc.freeze()
    wire = Wire(
        ConnectionLimits(connections=settings.max_connections or connections_here()),
        arrivals=Arrivals(system, lambda _: 0.0),
        gate=lambda *_: NEEDS_NONE,
        problem=lambda error: on_the_wire(error, ""),
        refused=lambda _: None,
    )
    with EndSignals() as signals:
        server = Server(app(), settings, wire, Lifetime(lambda: None, partial(asyncio.sleep, 0)))
        signals.drain_by(server.handle_exit)
        await server.serve()


def main(argv: Sequence[str]) -> int:
    """Serve with the service's own flags, and return 0 after a signal to end."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(read(argv, {})))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
