"""POST /parse and GET /metrics.

/parse is the hot path: it takes Starlette's Request and gives a Response, so that nothing is read, checked or copied
twice. FastAPI documents it, but neither parses its body nor serialises its answer.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from fastapi.routing import APIRoute
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from polyparse.contract.frame import Frame, Utterance
from polyparse.errors import PolyparseError
from polyparse.text.tokens import check
from service.api.body import decode, hung_up, read_body
from service.api.headers import Head, read_head
from service.api.problems import CODES, documented, problem, problem_of
from service.api.schemas import REQUESTS, RESPONSE, ParseRequest, ParseResponse
from service.api.units import in_unit
from service.clock import Clock
from service.errors import PROBLEMS, AnswerTimeout, BodyTimeout, CallerDeparted
from service.metrics import OK, Metrics
from service.registry.loaded import ModelVersion
from service.registry.manager import Manager
from service.registry.version import Version
from service.settings import Settings

PATH = "/parse"

NOBODY = Response(status_code=499)
"""For a caller who has gone; the server drops it."""

logger = logging.getLogger(__name__)


class ParseEndpoint:
    """From a request to its frame, timed and counted; every failure becomes a problem document here."""

    def __init__(
        self, manager: Manager, metrics: Metrics, *, settings: Settings, clock: Clock, ids: Iterator[str]
    ) -> None:
        self._manager = manager
        self._metrics = metrics
        self._settings = settings
        self._clock = clock
        self._ids = ids

    async def __call__(self, request: Request) -> Response:
        """Answer one request; raises nothing but CancelledError."""
        started_s = self._clock()
        head = read_head(request.scope["headers"])
        request_id = head.request_id or next(self._ids)
        outcome = CallerDeparted.code
        try:
            response = await self._answer(request, head, request_id)
            outcome = OK
        except CallerDeparted:
            response = NOBODY
        except PolyparseError as error:
            outcome = error.code
            response = problem_of(error, request_id)
            if response.status_code == 500:
                logger.exception("request failed", extra={"request_id": request_id})
        except Exception as error:
            outcome = "internal_error"
            response = problem(outcome, f"found {type(error).__name__}, expected an answer", request_id)
            logger.exception("request failed", extra={"request_id": request_id})
        finally:
            seconds = self._clock() - started_s
            self._metrics.answered(outcome, seconds)
            if self._settings.access_log:
                fields = {"request_id": request_id, "outcome": outcome, "ms": round(1000 * seconds, 3)}
                logger.info("request", extra=fields)
        return response

    async def _answer(self, request: Request, head: Head, request_id: str) -> Response:
        head.check(self._settings.max_body_bytes)
        late: type[BodyTimeout | AnswerTimeout] = BodyTimeout
        try:
            async with asyncio.timeout(self._settings.request_timeout_s):
                body = await read_body(request.receive, self._settings.max_body_bytes)
                late = AnswerTimeout
                wanted = decode(body)
                with self._manager.lease() as version:
                    item = self._encode(version, wanted)
                    departed = partial(hung_up, request.receive)
                    frame = await version.batcher.submit(item, departed=departed)
        except TimeoutError:
            raise late(self._settings.request_timeout_s) from None
        body = render(in_unit(frame, wanted.span_unit), version.identity, request_id)
        return Response(body, headers={"x-request-id": request_id}, media_type="application/json")

    def _encode(self, version: Version, wanted: ParseRequest) -> Any:
        started_s = self._clock()
        check(wanted.text, max_chars=self._settings.max_text_chars)
        item = version.model.prepare(Utterance(wanted.text, wanted.locale, wanted.n_best))
        self._metrics.encoded(self._clock() - started_s)
        return item


def render(frame: Frame, model: ModelVersion, request_id: str) -> bytes:
    """Return the answer as JSON."""
    answer = ParseResponse(
        request_id=request_id,
        text=frame.text,
        locale=frame.locale,
        model=model,
        domain=frame.domain,
        intent=frame.intent,
        slots=frame.slots,
        confidence=frame.confidence,
        alternatives=frame.alternatives,
        out_of_domain=frame.out_of_domain,
    )
    return ParseResponse.__pydantic_serializer__.to_json(answer)


class DirectRoute(APIRoute):
    """A route whose endpoint takes the Request itself and gives the Response itself."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the endpoint as it is."""
        return self.endpoint


class Shortcut:
    """Takes POST /parse straight to its endpoint, and all else through FastAPI, whose layers cost more than the route."""

    def __init__(self, parse: ParseEndpoint, app: ASGIApp) -> None:
        self._parse = parse
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "POST":
            response = await self._parse(Request(scope, receive, send))
            await response(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def install(app: FastAPI, parse: ParseEndpoint, metrics: Metrics) -> None:
    """Add both routes, documented."""

    @app.get("/metrics", response_class=PlainTextResponse, summary="Metrics for Prometheus")
    async def scrape() -> Response:
        return Response(metrics.render(), media_type=CONTENT_TYPE_LATEST)

    examples = {name: {"value": body} for name, body in REQUESTS.items()}
    content = {"application/json": {"schema": ParseRequest.model_json_schema(), "examples": examples}}
    answered = {"description": "The frame", "content": {"application/json": {"example": RESPONSE}}}
    app.router.add_api_route(
        PATH,
        parse,
        methods=["POST"],
        operation_id="parse",
        summary="Parse one utterance into a frame",
        description="Domain, intent and slots with their probabilities, in up to ten readings.",
        response_model=ParseResponse,
        responses={200: answered, **documented(PROBLEMS.keys() - CODES.values())},
        openapi_extra={"requestBody": {"required": True, "content": content}},
        route_class_override=DirectRoute,
    )
