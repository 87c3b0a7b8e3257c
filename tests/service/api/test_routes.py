"""Every route in the table is answered before FastAPI, and all else by FastAPI, so that no caller can tell."""

import json
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from service.api.routes import FAST_ROUTES, FastRoute
from tests.service.fakes import part
from tests.service.serving import serving

pytestmark = pytest.mark.anyio

each_fast_route = pytest.mark.parametrize("route", FAST_ROUTES, ids=lambda route: route.path)

MINE = (b"x-request-id", b"mine")


def test_paths_and_names_are_each_routes_own() -> None:
    assert len({route.path for route in FAST_ROUTES}) == len(FAST_ROUTES)
    assert len({route.name for route in FAST_ROUTES}) == len(FAST_ROUTES)


@each_fast_route
@pytest.mark.parametrize("headers", [[], [(b"x-server-timing", b"1")], [(b"x-deadline-ms", b"0")]])
async def test_behind_a_prefix_the_router_gives_the_same_answer_as_the_shortcut(
    route: FastRoute, headers: list[tuple[bytes, bytes]]
) -> None:
    bodies = [*map(json.dumps, route.requests.values()), "{}", "["]
    async with serving() as s:
        s.parser.locales = ("en-US", "es-ES", "it-IT", "hi-IN")
        for body in bodies:
            scope: dict[str, Any] = {"headers": [MINE, *headers]}
            short = await s.raw([part(body.encode())], path=route.path, **scope)
            routed = await s.raw([part(body.encode())], root_path="/nlu", path=f"/nlu{route.path}", **scope)
            assert routed == short


async def test_a_path_in_the_table_never_reaches_the_router(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unreachable(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError(scope["path"])

    async with serving() as s:
        monkeypatch.setattr(s.service.asgi, "_app", unreachable)
        for route in FAST_ROUTES:
            assert (await s.raw([part(b"{}")], path=route.path))[0]["status"] == 422
        with pytest.raises(AssertionError, match="/parse/"):
            await s.raw([part(b"{}")], path="/parse/")


@each_fast_route
async def test_its_name_is_its_label_in_metrics_by_either_way(route: FastRoute) -> None:
    async with serving() as s:
        await s.raw([part(b"")], path=route.path)
        await s.raw([part(b"")], root_path="/nlu", path=f"/nlu{route.path}")
        name = f'polyparse_requests_total{{endpoint="{route.name}",outcome="invalid_json",version=""}}'
        assert (await s.samples())[name] == 2


async def test_other_paths_and_methods_are_problems_too() -> None:
    async with serving() as s:
        for method, path, status, code in [
            ("GET", "/parse", 405, "method_not_allowed"),
            ("PUT", "/parse/batch", 405, "method_not_allowed"),
            ("POST", "/parse/", 404, "not_found"),
            ("POST", "/parse/batch/", 404, "not_found"),
            ("GET", "/nothing", 404, "not_found"),
            ("DELETE", "/metrics", 405, "method_not_allowed"),
        ]:
            answer = await s.client.request(method, path, headers={"x-request-id": "mine"})
            assert (answer.status_code, answer.json()["code"]) == (status, code)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["request_id"] == "mine"


@each_fast_route
async def test_another_method_hears_which_one_is_allowed(route: FastRoute) -> None:
    async with serving() as s:
        for method in ("GET", "HEAD"):
            answer = await s.client.request(method, route.path)
            assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
