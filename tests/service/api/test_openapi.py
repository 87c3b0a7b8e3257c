"""The OpenAPI document tells the truth: its schemas are those in use, and each example is one that would pass."""

import asyncio
import json
from typing import Any

import pytest

from service.api.schemas import REQUESTS, RESPONSE, ParseRequest, ParseResponse, ProblemDocument
from service.errors import PROBLEMS
from tests.service.fakes import in_loop
from tests.service.serving import serving

BY_THE_ROUTER = {"not_found", "method_not_allowed"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    async def fetched() -> dict[str, Any]:
        async with serving() as s:
            found: dict[str, Any] = (await s.client.get("/openapi.json")).json()
            return found

    return asyncio.run(fetched())


def test_every_route_is_documented(document: dict[str, Any]) -> None:
    routes = {(path, method) for path, methods in document["paths"].items() for method in methods}
    assert routes == {
        ("/parse", "post"),
        ("/metrics", "get"),
        ("/health/live", "get"),
        ("/health/ready", "get"),
    }


def test_the_request_is_documented_with_its_schema_and_examples(document: dict[str, Any]) -> None:
    content = document["paths"]["/parse"]["post"]["requestBody"]["content"]["application/json"]
    schema = ParseRequest.model_json_schema()
    del schema["properties"]["locale"]["default"]  # FastAPI leaves out what is null.
    assert content["schema"] == schema
    assert content["schema"]["additionalProperties"] is False
    assert {name: each["value"] for name, each in content["examples"].items()} == REQUESTS


def test_the_response_is_documented_with_its_schema_and_example(document: dict[str, Any]) -> None:
    content = document["paths"]["/parse"]["post"]["responses"]["200"]["content"]["application/json"]
    name = content["schema"]["$ref"].rpartition("/")[2]
    assert set(document["components"]["schemas"][name]["required"]) == set(ParseResponse.model_fields)
    assert content["example"] == RESPONSE


def test_every_problem_is_documented_under_its_status(document: dict[str, Any]) -> None:
    found = {}
    for status, response in document["paths"]["/parse"]["post"]["responses"].items():
        if status == "200":
            continue
        (content,) = response["content"].values()
        assert list(response["content"]) == ["application/problem+json"]
        for code, example in content["examples"].items():
            found[code] = int(status)
            assert ProblemDocument.model_validate(example["value"]).code == code
    assert found == {code: row.status for code, row in PROBLEMS.items() if code not in BY_THE_ROUTER}


@pytest.mark.parametrize("name", REQUESTS)
def test_every_example_of_a_request_is_answered(name: str) -> None:
    @in_loop
    async def asked() -> None:
        async with serving() as s:
            s.model.locales = ("en-US", "es-ES", "it-IT", "hi-IN")
            answer = await s.client.post("/parse", json=REQUESTS[name])
            assert answer.status_code == 200, answer.text

    asked()


def test_the_example_of_a_response_holds_true() -> None:
    answer = ParseResponse.model_validate_json(json.dumps(RESPONSE))
    assert answer.text in {request["text"] for request in REQUESTS.values()}
    assert all(slot.value == answer.text[slot.start : slot.end] for slot in answer.slots)
