"""The service without its work: a FastAPI endpoint with the same request and response models that does nothing.

It runs as the service does: same server, same event loop, same settings. What it answers is the service's own example.
"""

import asyncio
import gc
import sys
from collections.abc import Sequence

import uvloop
from fastapi import FastAPI

from service.api.health import Live
from service.api.schemas import RESPONSE, ParseRequest, ParseResponse
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
    await Server(app(), settings, on_exit=lambda: None).serve()


def main(argv: Sequence[str]) -> int:
    """Serve with the service's own flags, and return 0 after a signal to end."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(read(argv, {})))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
