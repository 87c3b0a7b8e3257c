"""GET /health/live: the process can answer. GET /health/ready: its model parses a golden utterance as it would a caller."""

import asyncio
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

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
from service.errors import NotLive, NotReady, QueueFull, ShuttingDown
from service.registry.loaded import ModelVersion
from service.registry.manager import Manager
from service.registry.version import LoadedVersion


class Live(BaseModel):
    """The process answers, and need not be started anew."""

    status: Literal["live"] = "live"


class Ready(BaseModel):
    """This version has just parsed a golden utterance."""

    status: Literal["ready"] = "ready"
    model: ModelVersion


class Liveness:
    """Whether the process can still answer anybody; if not, only another one can.

    That it is overloaded, or is not ready, is no reason to end it.
    """

    def __init__(self, batcher: Batcher[Any, Frame], *, hang_timeout_s: float) -> None:
        self._batcher = batcher
        self._hang_timeout_s = hang_timeout_s

    def check(self) -> None:
        """Raise NotLive, which says why."""
        if self._batcher.device_lost is not None:
            raise NotLive(str(self._batcher.device_lost))
        states = self._batcher.thread_states(self._hang_timeout_s)
        if states.all_hang:
            raise NotLive(
                f"found each of {states.hung} inference threads in one batch for {self._hang_timeout_s:g} s or more, "
                "expected one that runs another"
            )


class Unready(NamedTuple):
    """A parse that failed: of which version, when, and whether that passes once the model answers anybody."""

    version: ModelVersion
    at_s: float
    passes: bool


class Readiness:
    """Parses a golden utterance with the version that serves, through its batcher, within a bounded time."""

    def __init__(
        self, manager: Manager, batcher: Batcher[Any, Frame], *, clock: Clock, timeout_s: float
    ) -> None:
        self._manager = manager
        self._batcher = batcher
        self._clock = clock
        self._timeout_s = timeout_s
        self._unready: Unready | None = None
        self.draining = False

    def drain(self) -> None:
        """Be ready no more: the process is asked to end, so that no new work comes."""
        self.draining = True

    @property
    def is_ready(self) -> bool:
        """Whether `check` would pass, as far as that is known without a parse: by what the last one of them found."""
        version = self._manager.serving
        if self.draining or self._batcher.device_lost is not None or version is None:
            return False
        if self._batcher.thread_states(self._timeout_s).all_hang:
            return False
        unready = self._unready
        if unready is None or unready.version != version.identity:
            return True
        return unready.passes and (version.model.answered_s or 0.0) > unready.at_s

    async def check(self) -> ModelVersion:
        """Return the version that is ready; NotReady or ShuttingDown say why none is."""
        if self.draining:
            raise ShuttingDown("found the service shutting down, expected it to serve")
        if self._batcher.device_lost is not None:
            raise NotReady(str(self._batcher.device_lost))
        with self._manager.lease() as version:
            try:
                async with asyncio.timeout(self._timeout_s):
                    await self._parse_golden(version)
            except (TimeoutError, QueueFull) as error:
                if not self._is_busy(version):
                    self._unready = Unready(version.identity, self._clock(), passes=True)
                    raise NotReady(f"found no answer in {self._timeout_s:g} s, expected one") from error
            except PolyparseError as error:
                self._unready = Unready(version.identity, self._clock(), passes=False)
                raise NotReady(str(error)) from error
            self._unready = None
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


def install(app: FastAPI, liveness: Liveness, readiness: Readiness, ids: Iterator[str]) -> None:
    """Add both routes."""

    @app.get(
        "/health/live",
        summary="Whether the process can answer",
        response_model=Live,
        responses=documented(["not_live"]),
    )
    async def live(request: Request) -> Live | Response:
        try:
            liveness.check()
        except PolyparseError as error:
            return _refused(error, request)
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
            return _refused(error, request)

    def _refused(error: PolyparseError, request: Request) -> Response:
        return problem_of(error, read_headers(request.scope["headers"]).request_id or next(ids))
