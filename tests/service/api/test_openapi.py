"""The OpenAPI document tells the truth: its schemas are those in use, and each example is one that would pass."""

import json
import re
from typing import Any

import pytest

from polyparse.errors import InputError
from service.api.headers import _READ, MAX_DEADLINE_MS
from service.api.routes import FAST_ROUTES, FastRoute
from service.api.schemas import (
    BATCH_REQUEST,
    BATCH_RESPONSE,
    REQUESTS,
    RESPONSE,
    BatchResponse,
    ParseRequest,
    ParseResponse,
    ProblemDocument,
)
from service.errors import ADMINISTRATION, PROBLEMS
from tests.service.serving import Serving, serving

pytestmark = pytest.mark.anyio

BY_THE_ROUTER = {"not_found", "method_not_allowed"}
BY_THE_PROBE = {"not_live"}
NEVER: dict[str, set[str]] = {
    "/parse": {"batch_too_large"},
    "/parse/batch": {
        *(leaf.code for leaf in InputError.__subclasses__()),
        *("invalid_value", "queue_full", "model_run_failed", "answer_timeout", "shutting_down"),
    },
}
"""Path -> the codes that an answer as a whole never has there."""
OIP = {
    ("/v2", "get"),
    ("/v2/health/live", "get"),
    ("/v2/health/ready", "get"),
    ("/v2/models/{name}", "get"),
    ("/v2/models/{name}/ready", "get"),
    ("/v2/models/{name}/infer", "post"),
    ("/v2/models/{name}/versions/{version}", "get"),
    ("/v2/models/{name}/versions/{version}/ready", "get"),
    ("/v2/models/{name}/versions/{version}/infer", "post"),
}
"""What stands on the port for all whatever the settings are."""
TAGS = (
    *(
        "en",
        "EN-us",
        "es-419",
        "hi-Latn-IN",
        "zh-cmn-Hans-CN",
        "sl-rozaj-biske-1994",
        "en-GB-oed",
        "haw",
        "en_US",
    ),
    "en-US-u-ca-gregory-cu-usd-hc-h12-nu-latn",
)
LANGUAGES = ("en-US", "es-ES", "it-IT", "hi-IN")

each_fast_route = pytest.mark.parametrize("route", FAST_ROUTES, ids=lambda route: route.path)


def without_nulls(value: Any) -> Any:
    """What FastAPI leaves of a value: it writes no null."""
    if isinstance(value, dict):
        return {name: without_nulls(each) for name, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
async def document(anyio_backend: str) -> dict[str, Any]:
    async with serving() as s:
        openapi: dict[str, Any] = (await s.client.get("/openapi.json")).json()
        return openapi


def test_every_route_is_documented(document: dict[str, Any]) -> None:
    routes = {(path, method) for path, methods in document["paths"].items() for method in methods}
    assert routes == {
        ("/parse", "post"),
        ("/parse/batch", "post"),
        ("/metrics", "get"),
        ("/health/live", "get"),
        ("/health/ready", "get"),
        *OIP,
    }
    assert {(route.path, "post") for route in FAST_ROUTES} <= routes


@each_fast_route
def test_the_request_is_documented_with_its_schema_and_examples(
    document: dict[str, Any], route: FastRoute
) -> None:
    content = document["paths"][route.path]["post"]["requestBody"]["content"]["application/json"]
    assert content["schema"] == without_nulls(route.request.model_json_schema())
    assert content["schema"]["additionalProperties"] is False
    assert {name: each["value"] for name, each in content["examples"].items()} == route.requests


def test_the_schema_of_a_locale_allows_what_can_be_one() -> None:
    """A string that no language could have was allowed, and refused; a tag with extensions was neither."""
    schema, _ = ParseRequest.model_json_schema()["properties"]["locale"]["anyOf"]

    def is_allowed(tag: str) -> bool:
        return len(tag) <= schema["maxLength"] and re.search(schema["pattern"], tag) is not None

    for tag in TAGS:
        assert is_allowed(tag)
        assert ParseRequest(text="a", locale=tag).locale == tag
    for none in ("", "-", "e", "en-", "\x00", " en", "en US", "en" * 40, "en-" + "a" * 9, "हिन्दी"):
        assert not is_allowed(none)


def test_every_option_may_be_null_and_says_its_default() -> None:
    schema = ParseRequest.model_json_schema()
    options = {name: schema["properties"][name] for name in ParseRequest.model_fields if name != "text"}
    for option in options.values():
        assert {"type": "null"} in option["anyOf"]
    assert {name: option["default"] for name, option in options.items()} == {
        "locale": None,
        "n_best": 1,
        "span_unit": "codepoint",
        "allow_refusal": True,
    }
    assert schema["required"] == ["text"]


@each_fast_route
def test_the_response_is_documented_with_its_schema_and_example(
    document: dict[str, Any], route: FastRoute
) -> None:
    content = document["paths"][route.path]["post"]["responses"]["200"]["content"]["application/json"]
    name = content["schema"]["$ref"].rpartition("/")[2]
    assert set(document["components"]["schemas"][name]["required"]) == set(route.response.model_fields)
    assert content["example"] == without_nulls(route.example)


@each_fast_route
def test_every_problem_is_documented_under_its_status(document: dict[str, Any], route: FastRoute) -> None:
    statuses = {}
    for status, response in document["paths"][route.path]["post"]["responses"].items():
        if status == "200":
            continue
        (content,) = response["content"].values()
        assert list(response["content"]) == ["application/problem+json"]
        for code, example in content["examples"].items():
            statuses[code] = int(status)
            assert ProblemDocument.model_validate(example["value"]).code == code
    codes = PROBLEMS.keys() - BY_THE_ROUTER - ADMINISTRATION - BY_THE_PROBE - NEVER[route.path]
    assert statuses == {code: PROBLEMS[code].status for code in codes}


@each_fast_route
def test_the_headers_that_are_read_are_documented(document: dict[str, Any], route: FastRoute) -> None:
    parameters = document["paths"][route.path]["post"]["parameters"]
    assert {(each["in"], each.get("required", False)) for each in parameters} == {("header", False)}
    assert all(each["description"] for each in parameters)
    schemas = {each["name"]: each["schema"] for each in parameters}
    assert schemas["X-Deadline-Ms"] == {"type": "integer", "minimum": 1, "maximum": MAX_DEADLINE_MS}
    assert schemas["X-Request-Id"]["pattern"] == "^[A-Za-z0-9._~:/+=@-]{1,128}$"
    assert ("X-Server-Timing" in schemas) == (route.path == "/parse")
    assert {name.lower().encode() for name in schemas} <= _READ


@each_fast_route
async def test_every_example_of_a_request_is_answered_as_documented(route: FastRoute) -> None:
    async with serving() as s:
        s.parser.locales = LANGUAGES
        for request in route.requests.values():
            answer = await s.client.post(route.path, json=request)
            assert answer.status_code == 200, answer.text
            route.response.model_validate_json(answer.content)


def test_the_example_of_a_response_holds_true() -> None:
    answer = ParseResponse.model_validate_json(json.dumps(RESPONSE))
    assert answer.text in {request["text"] for request in REQUESTS.values()}
    assert all(slot.value == answer.text[slot.start : slot.end] for slot in answer.slots)


async def test_the_example_of_a_batch_has_the_outcomes_that_its_request_would_get() -> None:
    ((_, request),) = BATCH_REQUEST.items()
    example = BatchResponse.model_validate_json(json.dumps(BATCH_RESPONSE))
    async with serving() as s:
        s.parser.locales = LANGUAGES
        first, second = await results(s, request)
        assert [type(each) for each in example.results] == [ParseResponse, ProblemDocument]
        assert first["text"] == BATCH_RESPONSE["results"][0]["text"]
        assert second == BATCH_RESPONSE["results"][1] | {"request_id": second["request_id"]}
        for pair in ((first, second), BATCH_RESPONSE["results"]):
            assert len({each["request_id"] for each in pair}) == 1


async def results(s: Serving, request: dict[str, Any]) -> list[dict[str, Any]]:
    answer: dict[str, Any] = (await s.client.post("/parse/batch", json=request)).json()
    outcomes: list[dict[str, Any]] = answer["results"]
    return outcomes


async def test_it_is_written_once_as_are_the_pages_that_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving() as s:
        paths = ("/openapi.json", "/docs", "/redoc")
        first = {path: await s.client.get(path) for path in paths}
        assert first["/openapi.json"].headers["content-type"] == "application/json"
        assert {first[path].headers["content-type"] for path in paths[1:]} == {"text/html; charset=utf-8"}
        assert all("/openapi.json" in first[path].text for path in paths[1:])

        def fail(*_: object, **__: object) -> str:
            raise AssertionError("written again")

        monkeypatch.setattr("json.dumps", fail)
        for path in paths:
            assert (await s.client.get(path)).content == first[path].content
