"""The service without its work: a FastAPI endpoint with the same request and response models that does nothing.

It runs as the service does: same server, same event loop, same settings. What it answers is the service's own example.
"""

import asyncio
import gc
import sys
from collections.abc import Sequence
from typing import Any

import uvloop
from fastapi import FastAPI

from service import clock
from service.api.health import Live, Readiness
from service.api.schemas import RESPONSE, ParseRequest, ParseResponse
from service.app import Service
from service.metrics import Metrics
from service.registry.manager import Manager
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
    manager = Manager(load=_no_model, make_batcher=_no_model, observer=Metrics())
    readiness = Readiness(manager, clock=clock.system, timeout_s=settings.probe_timeout_s)
    gc.collect()
    gc.freeze()
    await Server(Service(app(), readiness, manager), settings).serve()


def main(argv: Sequence[str]) -> int:
    """Serve with the service's own flags, and return 0 after a signal to end."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(read(argv, {})))
    return 0


def _no_model(*_: object) -> Any:
    raise NotImplementedError("found a use of the model, expected none: this service has none")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
