"""Whatever GET answers, HEAD answers with the same status and headers, and without the body."""

from typing import Any

import pytest

from tests.service.fakes import part
from tests.service.serving import Serving, serving

pytestmark = pytest.mark.anyio

PATHS = ("/health/live", "/health/ready", "/metrics", "/openapi.json", "/docs", "/redoc", "/nothing")
MINE = (b"x-request-id", b"mine")


async def ask(s: Serving, method: str, path: str, **scope: Any) -> tuple[dict[str, Any], bytes]:
    """The start of an answer, and its body."""
    start, *rest = await s.raw([part(b"")], method=method, path=path, headers=[MINE], **scope)
    return start, b"".join(message.get("body", b"") for message in rest)


@pytest.mark.parametrize("path", PATHS)
async def test_head_is_get_without_the_body(path: str) -> None:
    async with serving() as s:
        got, body = await ask(s, "GET", path)
        assert body
        for scope in ({}, {"root_path": "/nlu"}):
            start, nothing = await ask(s, "HEAD", scope.get("root_path", "") + path, **scope)
            assert nothing == b""
            assert start["status"] == got["status"]
            assert {name for name, _ in start["headers"]} == {name for name, _ in got["headers"]}


@pytest.mark.parametrize("path", sorted({*PATHS} - {"/metrics"}))  # No two scrapes are alike.
async def test_the_length_that_head_tells_is_that_of_the_body_of_get(path: str) -> None:
    async with serving() as s:
        _, body = await ask(s, "GET", path)
        start, _ = await ask(s, "HEAD", path)
        assert (b"content-length", str(len(body)).encode()) in start["headers"]


async def test_a_probe_by_head_hears_what_a_probe_by_get_would() -> None:
    async with serving() as s:
        assert (await ask(s, "HEAD", "/health/ready"))[0]["status"] == 200
        s.service.readiness.draining = True
        start, body = await ask(s, "HEAD", "/health/ready")
        assert (start["status"], body) == (503, b"")
        assert (b"content-type", b"application/problem+json") in start["headers"]


async def test_where_there_is_no_get_there_is_no_head() -> None:
    async with serving() as s:
        for path in ("/parse", "/parse/batch"):
            start, body = await ask(s, "HEAD", path)
            assert (start["status"], body) == (405, b"")
            assert (b"allow", b"POST") in start["headers"]


@pytest.mark.parametrize("path", ["/health/live", "/metrics"])
async def test_another_method_hears_that_head_is_allowed(path: str) -> None:
    async with serving() as s:
        answer = await s.client.delete(path)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_the_document_shows_get_alone() -> None:
    async with serving() as s:
        paths = (await s.client.get("/openapi.json")).json()["paths"]
        assert {method for methods in paths.values() for method in methods} == {"get", "post"}
