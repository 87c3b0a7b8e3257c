"""POST /parse: the wire format, ids, overload, failures and departures."""

import asyncio
import json
from typing import Any

import pytest
from starlette.types import Message

from polyparse.contract.frame import Utterance
from service.api.schemas import ParseResponse
from tests.service.fakes import BOUND_S, in_loop, read_words, turns
from tests.service.serving import Serving, serving


@in_loop
async def test_an_answer_has_the_wire_format() -> None:
    async with serving() as s:
        answer = await s.parse("wake me", locale="en-US")
        slots = [
            {"name": "word", "value": "wake", "start": 0, "end": 4, "confidence": 0.75},
            {"name": "word", "value": "me", "start": 5, "end": 7, "confidence": 0.75},
        ]
        assert answer.headers["content-type"] == "application/json"
        assert answer.json() == {
            "request_id": answer.headers["x-request-id"],
            "text": "wake me",
            "locale": "en-US",
            "model": {"name": "words", "version": "1", "digest": "d1"},
            "domain": None,
            "intent": {"name": "words_2", "confidence": 0.5},
            "slots": slots,
            "confidence": 0.25,
            "alternatives": [],
            "out_of_domain": None,
        }


@in_loop
async def test_an_n_best_request_gets_alternatives() -> None:
    async with serving() as s:
        alternatives = (await s.parse("a b c", n_best=3)).json()["alternatives"]
        assert [len(each["slots"]) for each in alternatives] == [2, 1]


@in_loop
async def test_a_refusal_has_no_labels_but_a_score_and_the_readings_asked_for() -> None:
    async with serving() as s:
        answer = (await s.parse("strange")).json()
        assert [answer[key] for key in ("domain", "intent", "slots", "alternatives")] == [None, None, [], []]
        assert (answer["out_of_domain"], answer["confidence"]) == (0.75, 0.25)
        (reading,) = (await s.parse("strange", n_best=2, span_unit="utf16")).json()["alternatives"]
        assert (reading["intent"]["name"], reading["slots"][0]["value"]) == ("words_1", "strange")
        assert 'outcome="ok"} 2.0' in (await s.client.get("/metrics")).text


@in_loop
async def test_the_fast_answer_is_what_the_schema_would_serialise() -> None:
    async with serving() as s:
        answer = await s.parse("कल \U0001f600 \u2028", n_best=2)
        assert ParseResponse.model_validate_json(answer.content).model_dump_json() == answer.text


@pytest.mark.parametrize(("unit", "start", "end"), [("codepoint", 3, 5), ("utf16", 4, 6), ("byte", 7, 9)])
def test_offsets_count_what_the_caller_asks_for(unit: str, start: int, end: int) -> None:
    @in_loop
    async def asked() -> None:
        async with serving() as s:
            (_, slot) = (await s.parse("😀é ok", span_unit=unit)).json()["slots"]
            assert (slot["value"], slot["start"], slot["end"]) == ("ok", start, end)

    asked()


@in_loop
async def test_the_id_is_the_callers_or_a_new_one_each_time() -> None:
    async with serving() as s:
        given = await s.client.post("/parse", json={"text": "a"}, headers={"x-request-id": "mine-1"})
        assert given.headers["x-request-id"] == given.json()["request_id"] == "mine-1"
        refused = await s.client.post("/parse", content=b"", headers={"x-request-id": "mine-2"})
        assert refused.headers["x-request-id"] == refused.json()["request_id"] == "mine-2"
        fresh = {(await s.parse("a")).json()["request_id"] for _ in range(3)}
        assert len(fresh) == 3


@in_loop
async def test_requests_at_once_each_get_their_own_answer() -> None:
    async with serving() as s:
        texts = [f"word {i} " * (1 + i % 5) for i in range(100)]
        answers = await asyncio.gather(*(s.parse(text) for text in texts))
        for text, answer in zip(texts, answers, strict=True):
            assert answer.json()["text"] == text
            assert len(answer.json()["slots"]) == len(read_words(Utterance(text)).slots)


@in_loop
async def test_a_full_queue_answers_429_and_when_to_come_back() -> None:
    async with serving(queue_tokens=2) as s:
        with s.gate.held():
            asked = [asyncio.create_task(s.parse("a"))]
            await s.gate.batch()
            asked.append(asyncio.create_task(s.parse("b c")))
            await turns()
            refused = await s.parse("d")
            assert (refused.status_code, refused.json()["code"]) == (429, "queue_full")
            assert int(refused.headers["retry-after"]) >= 1
        assert [answer.status_code for answer in await asyncio.gather(*asked)] == [200, 200]


@pytest.mark.parametrize("text", ["poison", "miscount"])
def test_a_request_that_breaks_the_model_fails_alone(text: str, caplog: pytest.LogCaptureFixture) -> None:
    @in_loop
    async def asked() -> None:
        async with serving() as s:
            broken, *good = await asyncio.gather(s.parse(text), s.parse("a"), s.parse("b"))
            assert (broken.status_code, broken.json()["code"]) == (500, "model_run_failed")
            assert [answer.status_code for answer in good] == [200, 200]
            assert broken.json()["request_id"] in {vars(record)["request_id"] for record in caplog.records}

    asked()


@in_loop
async def test_what_nobody_foresaw_is_a_500_problem_that_tells_no_secrets() -> None:
    async with serving() as s:
        s.model.locales = None  # type: ignore[assignment]
        answer = await s.parse("a", locale="en-US")
        assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
        assert answer.json()["detail"] == "found TypeError, expected an answer"


@in_loop
async def test_an_answer_that_takes_too_long_is_a_503() -> None:
    async with serving(request_timeout_s=0) as s:
        with s.gate.held():
            answer = await s.parse("a")
            assert (answer.status_code, answer.json()["code"]) == (503, "answer_timeout")


@in_loop
async def test_a_body_that_takes_too_long_is_a_408() -> None:
    async with serving(request_timeout_s=0) as s:
        first: Message = {"type": "http.request", "body": b'{"text":', "more_body": True}
        sent = await raw(s, [first])
        assert sent[0]["status"] == 408
        assert json.loads(sent[1]["body"])["code"] == "body_timeout"


@in_loop
async def test_a_chunked_body_over_the_limit_is_a_413_and_ends_the_connection() -> None:
    async with serving() as s:
        endless: Message = {"type": "http.request", "body": b" " * 16_000, "more_body": True}
        sent = await raw(s, [endless] * 3)
        assert sent[0]["status"] == 413
        assert (b"connection", b"close") in sent[0]["headers"]


@in_loop
async def test_a_caller_who_hung_up_while_queued_is_not_run_and_is_counted() -> None:
    async with serving() as s:
        body: Message = {"type": "http.request", "body": b'{"text": "gone"}', "more_body": False}
        with s.gate.held():
            first = asyncio.create_task(s.parse("a"))
            await s.gate.batch()
            left = asyncio.create_task(raw(s, [body, {"type": "http.disconnect"}]))
            stayed = asyncio.create_task(s.parse("b"))
            await turns()
        await asyncio.gather(first, left, stayed)
        assert s.gate.batches() == [["b"]]
        metrics = (await s.client.get("/metrics")).text
        assert 'polyparse_requests_total{outcome="departed"} 1.0' in metrics
        assert 'polyparse_requests_total{outcome="ok"} 2.0' in metrics


@in_loop
async def test_a_cancelled_request_gives_back_its_lease() -> None:
    async with serving() as s:
        with s.gate.held():
            task = asyncio.create_task(s.parse("a"))
            await s.gate.batch()
            version = s.service.manager.serving
            assert version is not None
            assert version.leases == 1
            task.cancel()
            await asyncio.wait([task], timeout=BOUND_S)
            assert task.cancelled()
            assert version.leases == 0


@in_loop
async def test_before_a_model_serves_there_is_a_503() -> None:
    async with serving() as s:
        await s.service.manager.close(BOUND_S)
        answer = await s.parse("a")
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")


@in_loop
async def test_other_paths_and_methods_are_problems_too() -> None:
    async with serving() as s:
        for method, path, status, code in [
            ("GET", "/parse", 405, "method_not_allowed"),
            ("POST", "/parse/", 404, "not_found"),
            ("GET", "/nothing", 404, "not_found"),
            ("DELETE", "/metrics", 405, "method_not_allowed"),
        ]:
            answer = await s.client.request(method, path, headers={"x-request-id": "mine"})
            assert (answer.status_code, answer.json()["code"]) == (status, code)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["request_id"] == "mine"
        assert (await s.client.get("/parse")).headers["allow"] == "POST"


@in_loop
async def test_behind_a_prefix_the_router_gives_the_same_answer_as_the_shortcut() -> None:
    async with serving() as s:
        body: Message = {"type": "http.request", "body": b'{"text": "wake me"}', "more_body": False}
        prefix = {"root_path": "/nlu", "path": "/nlu/parse", "headers": [(b"x-request-id", b"mine")]}
        assert await raw(s, [body], **prefix) == await raw(s, [body], headers=prefix["headers"])


async def raw(s: Serving, messages: list[Message], **scope: Any) -> list[Any]:
    """Speak ASGI to /parse with these messages, after which the caller says nothing more; return what it sends."""
    left, sent = iter(messages), []

    async def receive() -> Message:
        for message in left:
            return message
        silence: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        return await silence

    async def send(message: Message) -> None:
        sent.append(message)

    usual = {"type": "http", "method": "POST", "path": "/parse", "headers": [], "query_string": b""}
    await s.service.asgi({**usual, **scope}, receive, send)
    return sent
