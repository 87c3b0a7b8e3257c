"""The frame around every fast route: ids, the caller's deadline, what it cost, and a line of log."""

import asyncio
import json
import logging

import httpx
import pytest

from service.logs import JsonFormatter
from tests.service.fakes import part, turns
from tests.service.serving import Serving, serving

pytestmark = pytest.mark.anyio

ONE = {"/parse": {"text": "a"}, "/parse/batch": {"items": [{"text": "a"}]}}
"""Path -> a body that is answered."""

each_path = pytest.mark.parametrize("path", ONE)


async def post(s: Serving, path: str, **headers: str) -> httpx.Response:
    """Ask for what is answered, with headers whose hyphens are written as underscores."""
    return await s.client.post(
        path, json=ONE[path], headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


@each_path
async def test_the_id_is_the_callers_or_a_new_one_each_time(path: str) -> None:
    async with serving() as s:
        given = await post(s, path, x_request_id="mine-1")
        answer = given.json()
        (frame,) = answer.get("results", [answer])
        assert given.headers["x-request-id"] == frame["request_id"] == "mine-1"
        refused = await s.client.post(path, content=b"", headers={"x-request-id": "mine-2"})
        assert refused.headers["x-request-id"] == refused.json()["request_id"] == "mine-2"
        fresh = {(await post(s, path)).headers["x-request-id"] for _ in range(3)}
        assert len(fresh) == 3


async def test_what_nobody_foresaw_is_a_500_problem_that_tells_no_secrets(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving() as s:
        s.parser.locales = None  # type: ignore[assignment]
        strange = {"text": "a", "locale": "en-US"}
        single = await s.client.post("/parse", json=strange)
        batch = await s.client.post("/parse/batch", json={"items": [{"text": "a"}, strange]})
        assert (single.status_code, batch.status_code) == (500, 200)
        for problem in (single.json(), batch.json()["results"][1]):
            assert (problem["status"], problem["code"]) == (500, "internal_error")
            assert problem["detail"] == "found TypeError, expected an answer"
        alone, item = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert (vars(alone)["endpoint"], vars(item)["endpoint"]) == ("parse", "parse_batch")
        assert vars(item)["request_id"] == batch.headers["x-request-id"]
        assert vars(item)["item"] == 1
        for record in (alone, item):
            assert '"traceback": "Traceback' in JsonFormatter().format(record)
            assert "TypeError: " in JsonFormatter().format(record)
        assert s.leases() == 0


async def test_an_item_that_the_model_fails_on_is_logged_with_its_place(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving() as s:
        await s.parse_batch(
            [{"text": "a"}, {"text": ""}, {"text": "poison"}], headers={"x-request-id": "mine"}
        )
        (failure,) = [vars(record) for record in caplog.records if record.levelno == logging.ERROR]
        fields = ("request_id", "endpoint", "item")
        assert tuple(failure[field] for field in fields) == ("mine", "parse_batch", 2)
        assert "RuntimeError: poison" in JsonFormatter().format(logging.makeLogRecord(failure))


async def test_what_an_endpoint_did_not_foresee_is_a_500_problem(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> bytes:
        raise ValueError("secret")

    monkeypatch.setattr("service.api.parse._json", fail)
    async with serving() as s:
        answer = await s.parse("a")
        assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
        assert answer.json()["detail"] == "found ValueError, expected an answer"
    assert "ValueError: secret" in caplog.text


async def test_an_answer_that_is_not_ready_by_the_callers_deadline_is_a_504_and_is_not_run() -> None:
    async with serving() as s:
        with s.gate.held():
            first = asyncio.create_task(s.parse("a"))
            await s.gate.batch()
            late = await s.parse("late", headers={"x-deadline-ms": "1"})
            assert (late.status_code, late.json()["code"]) == (504, "deadline_exceeded")
            assert late.json()["detail"] == "found no answer within 1 ms of X-Deadline-Ms, expected one"
            last = asyncio.create_task(s.parse("b"))
            await turns()
        assert [answer.status_code for answer in await asyncio.gather(first, last)] == [200, 200]
        assert s.gate.batches() == [["b"]]
        samples = await s.samples()
        assert (
            samples['polyparse_requests_total{endpoint="parse",outcome="deadline_exceeded",version="1"}'] == 1
        )
        assert samples['polyparse_refusals_total{reason="deadline_exceeded"}'] == 1


async def test_the_items_of_a_batch_have_one_deadline() -> None:
    async with serving() as s:
        with s.gate.held():
            answer = await s.parse_batch(
                [{"text": "a"}, {"text": ""}, {"text": "b"}], headers={"x-deadline-ms": "1"}
            )
        assert answer.status_code == 200
        assert [each["code"] for each in answer.json()["results"]] == [
            "deadline_exceeded",
            "empty_text",
            "deadline_exceeded",
        ]
        assert (await s.samples())['polyparse_refusals_total{reason="deadline_exceeded"}'] == 2


async def test_a_body_that_is_not_whole_by_the_callers_deadline_is_a_504() -> None:
    async with serving() as s:
        for path in ONE:
            headers = [(b"x-deadline-ms", b"1")]
            sent = await s.raw([part(b'{"text":', more=True)], path=path, headers=headers)
            assert sent[0]["status"] == 504
            assert json.loads(sent[1]["body"])["code"] == "deadline_exceeded"
        # No utterance had come yet.
        assert (await s.samples())['polyparse_refusals_total{reason="deadline_exceeded"}'] == 0


@each_path
async def test_a_deadline_that_is_met_changes_nothing(path: str) -> None:
    async with serving() as s:
        plain, hurried = (
            await post(s, path, x_request_id="1"),
            await post(s, path, x_request_id="1", x_deadline_ms="20000"),
        )
        assert (hurried.status_code, hurried.content) == (plain.status_code, plain.content)


@pytest.mark.parametrize("deadline_ms", ["1", "3600000"])
async def test_a_deadline_beyond_the_services_own_time_out_changes_nothing(deadline_ms: str) -> None:
    async with serving(request_timeout_s=0) as s:
        with s.gate.held():
            answer = await s.parse("a", headers={"x-deadline-ms": deadline_ms})
            assert (answer.status_code, answer.json()["code"]) == (503, "answer_timeout")
            assert answer.json()["detail"] == "found no answer within 0 s, expected one"
        sent = await s.raw([part(b"{", more=True)], headers=[(b"x-deadline-ms", deadline_ms.encode())])
        assert sent[0]["status"] == 408


@each_path
@pytest.mark.parametrize("deadline_ms", ["", "0", "-1", "1.5", "1e3", "soon", "3600001", "1, 2"])
async def test_a_deadline_that_is_none_is_a_400(path: str, deadline_ms: str) -> None:
    async with serving() as s:
        answer = await post(s, path, x_deadline_ms=deadline_ms)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_header")
        assert answer.json()["detail"] == (
            f"X-Deadline-Ms: found {deadline_ms.encode()!r}, expected milliseconds from 1 to 3600000"
        )
        assert s.gate.batches() == []


async def test_a_caller_who_asks_hears_what_each_stage_cost() -> None:
    async with serving() as s:
        with s.gate.held():
            first = asyncio.create_task(s.parse("a"))
            await s.gate.batch()
            timed = asyncio.create_task(s.parse("b", headers={"x-server-timing": "1"}))
            await turns()
            s.clock.now += 0.0125
        await first
        assert (await timed).headers["server-timing"] == (
            "encode;dur=0.000, queue;dur=12.500, score;dur=1.000, decode;dur=0.200, assemble;dur=0.100"
        )


@each_path
@pytest.mark.parametrize("headers", [{}, {"x_server_timing": "0"}, {"x_server_timing": "yes"}])
async def test_a_caller_who_does_not_ask_hears_nothing_of_stages(path: str, headers: dict[str, str]) -> None:
    async with serving() as s:
        answer = await post(s, path, **headers)
        assert answer.status_code == 200
        assert "server-timing" not in answer.headers


async def test_where_no_single_utterance_was_parsed_nothing_is_heard_of_stages() -> None:
    async with serving() as s:
        asks = {"x-server-timing": "1"}
        assert "server-timing" not in (await s.parse("", headers=asks)).headers
        assert "server-timing" not in (await s.parse_batch([{"text": "a"}], headers=asks)).headers


async def test_with_access_lines_on_each_request_has_its_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="service")
    async with serving(access_log=True) as s:
        prepare = s.parser.prepare

        def slow(utterance):  # type: ignore[no-untyped-def]
            s.clock.now += 0.25
            return prepare(utterance)

        s.parser.prepare = slow  # type: ignore[method-assign]
        await post(s, "/parse", x_request_id="one")
        await post(s, "/parse/batch", x_request_id="several")
        await s.parse("", headers={"x-request-id": "none"})
    lines = [record for record in caplog.records if record.name == "service.api.endpoint"]
    names = ("request_id", "endpoint", "outcome", "ms")
    assert [tuple(vars(line)[name] for name in names) for line in lines] == [
        ("one", "parse", "ok", 250.0),
        ("several", "parse_batch", "ok", 250.0),
        ("none", "parse", "empty_text", 0.0),
    ]


async def test_with_access_lines_off_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="service")
    async with serving() as s:
        caplog.clear()
        await post(s, "/parse")
        await s.parse("")
        assert [record for record in caplog.records if record.name.startswith("service")] == []
