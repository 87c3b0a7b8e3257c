"""GET /health/live: the process answers. GET /health/ready: its model parses a golden utterance, as it would a caller's."""

import asyncio
from collections.abc import Iterator
from typing import Any, Literal

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from polyparse.bundle.golden import compare
from polyparse.contract.frame import Frame, Utterance
from polyparse.errors import PolyparseError
from service.api.headers import read_headers
from service.api.problems import documented, problem_of
from service.batching.batcher import Batcher
from service.clock import Clock
from service.errors import NotReady, QueueFull, ShuttingDown
from service.registry.loaded import ModelVersion
from service.registry.manager import Manager
from service.registry.version import LoadedVersion


class Live(BaseModel):
    """The process answers."""

    status: Literal["live"] = "live"


class Ready(BaseModel):
    """This version has just parsed a golden utterance."""

    status: Literal["ready"] = "ready"
    model: ModelVersion


class Readiness:
    """Parses a golden utterance with the version that serves, through its batcher, within a bounded time."""

    def __init__(
        self, manager: Manager, batcher: Batcher[Any, Frame], *, clock: Clock, timeout_s: float
    ) -> None:
        self._manager = manager
        self._batcher = batcher
        self._clock = clock
        self._timeout_s = timeout_s
        self.draining = False

    def drain(self) -> None:
        """Be ready no more: the process is asked to end, so that no new work comes."""
        self.draining = True

    async def check(self) -> ModelVersion:
        """Return the version that is ready; NotReady or ShuttingDown say why none is."""
        if self.draining:
            raise ShuttingDown("found the service shutting down, expected it to serve")
        with self._manager.lease() as version:
            try:
                async with asyncio.timeout(self._timeout_s):
                    await self._parse_golden(version)
            except (TimeoutError, QueueFull) as error:
                if not self._is_busy(version):
                    raise NotReady(f"found no answer in {self._timeout_s:g} s, expected one") from error
            except PolyparseError as error:
                raise NotReady(str(error)) from error
            return version.identity

    async def _parse_golden(self, version: LoadedVersion) -> None:
        golden = version.golden
        item = version.parser.prepare(Utterance(golden.text, golden.locale))
        answer = await self._batcher.submit(item, version.model)
        compare(golden, answer.frame, file="golden.jsonl")

    def _is_busy(self, version: LoadedVersion) -> bool:
        """Whether the model has answered others lately: it is overloaded then, and ready, and does not hang."""
        answered_s = version.model.answered_s
        return answered_s is not None and self._clock() - answered_s <= self._timeout_s


def install(app: FastAPI, readiness: Readiness, ids: Iterator[str]) -> None:
    """Add both routes."""

    @app.get("/health/live", summary="Whether the process answers")
    async def live() -> Live:
        return Live()

    @app.get(
        "/health/ready",
        summary="Whether requests will be answered",
        response_model=Ready,
        responses=documented(["not_ready", "shutting_down"]),
    )
    async def ready(request: Request) -> Ready | Response:
        try:
            return Ready(model=await readiness.check())
        except PolyparseError as error:
            return problem_of(error, read_headers(request.scope["headers"]).request_id or next(ids))
