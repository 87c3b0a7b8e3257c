"""POST /parse: the wire format, refusals, overload, failures and departures."""

import asyncio
import json

import pytest

from polyparse.contract.frame import Utterance
from service.api.schemas import ParseResponse
from tests.service.fakes import BOUND_S, GONE, part, read_words, turns
from tests.service.serving import serving

pytestmark = pytest.mark.anyio


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
            "refused": None,
        }


async def test_an_n_best_request_gets_alternatives() -> None:
    async with serving() as s:
        alternatives = (await s.parse("a b c", n_best=3)).json()["alternatives"]
        assert [len(each["slots"]) for each in alternatives] == [2, 1]


async def test_a_refusal_has_a_reason_a_score_and_the_hypotheses_asked_for_but_no_labels() -> None:
    async with serving() as s:
        answer = (await s.parse("strange")).json()
        assert answer["refused"] == {"reason": "domain"}
        assert [answer[key] for key in ("domain", "intent", "slots", "alternatives")] == [None, None, [], []]
        assert (answer["out_of_domain"], answer["confidence"]) == (0.75, 0.25)
        (hypothesis,) = (await s.parse("strange", n_best=2, span_unit="utf16")).json()["alternatives"]
        assert (hypothesis["intent"]["name"], hypothesis["slots"][0]["value"]) == ("words_1", "strange")
        samples = await s.samples()
        assert samples['polyparse_requests_total{endpoint="parse",outcome="ok",version="1"}'] == 2


async def test_a_caller_who_takes_no_refusal_gets_the_best_hypothesis_and_how_strange_it_is() -> None:
    async with serving() as s:
        allowed = (await s.parse("strange", allow_refusal=True)).json()
        answer = (await s.parse("strange", allow_refusal=False)).json()
        assert (allowed["refused"], answer["refused"]) == ({"reason": "domain"}, None)
        assert answer["intent"] == {"name": "words_1", "confidence": 0.5}
        assert [slot["value"] for slot in answer["slots"]] == ["strange"]
        assert (answer["out_of_domain"], answer["confidence"]) == (0.75, 0.25)


async def test_the_fast_answer_is_what_the_schema_would_serialise() -> None:
    async with serving() as s:
        answer = await s.parse("कल \U0001f600 \u2028", n_best=2)
        assert ParseResponse.model_validate_json(answer.content).model_dump_json() == answer.text


@pytest.mark.parametrize(("unit", "start", "end"), [("codepoint", 3, 5), ("utf16", 4, 6), ("byte", 7, 9)])
async def test_offsets_count_what_the_caller_asks_for(unit: str, start: int, end: int) -> None:
    async with serving() as s:
        (_, slot) = (await s.parse("😀é ok", span_unit=unit)).json()["slots"]
        assert (slot["value"], slot["start"], slot["end"]) == ("ok", start, end)


async def test_requests_at_once_each_get_their_own_answer() -> None:
    async with serving() as s:
        texts = [f"word {i} " * (1 + i % 5) for i in range(100)]
        answers = await asyncio.gather(*(s.parse(text) for text in texts))
        for text, answer in zip(texts, answers, strict=True):
            assert answer.json()["text"] == text
            assert len(answer.json()["slots"]) == len(read_words(Utterance(text)).slots)


async def test_a_full_queue_answers_429_and_when_to_come_back() -> None:
    async with serving(queue_tokens=2) as s:
        with s.gate.held():
            admitted = [asyncio.create_task(s.parse("a"))]
            await s.gate.batch()
            admitted.append(asyncio.create_task(s.parse("b c")))
            await turns()
            refused = await s.parse("d")
            assert (refused.status_code, refused.json()["code"]) == (429, "queue_full")
            assert int(refused.headers["retry-after"]) >= 1
        assert [answer.status_code for answer in await asyncio.gather(*admitted)] == [200, 200]


@pytest.mark.parametrize("text", ["poison", "miscount"])
async def test_a_request_that_breaks_the_model_fails_alone(
    text: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving() as s:
        broken, *good = await asyncio.gather(s.parse(text), s.parse("a"), s.parse("b"))
        assert (broken.status_code, broken.json()["code"]) == (500, "model_run_failed")
        assert [answer.status_code for answer in good] == [200, 200]
        assert broken.json()["request_id"] in {vars(record)["request_id"] for record in caplog.records}


async def test_an_answer_that_takes_too_long_is_a_503() -> None:
    async with serving(request_timeout_s=0) as s:
        with s.gate.held():
            answer = await s.parse("a")
            assert (answer.status_code, answer.json()["code"]) == (503, "answer_timeout")


async def test_a_body_that_takes_too_long_is_a_408() -> None:
    async with serving(request_timeout_s=0) as s:
        sent = await s.raw([part(b'{"text":', more=True)])
        assert sent[0]["status"] == 408
        assert json.loads(sent[1]["body"])["code"] == "body_timeout"


async def test_a_chunked_body_over_the_limit_is_a_413_and_ends_the_connection() -> None:
    async with serving() as s:
        sent = await s.raw([part(b" " * 16_000, more=True)] * 3)
        assert sent[0]["status"] == 413
        assert (b"connection", b"close") in sent[0]["headers"]


async def test_a_caller_who_hung_up_while_queued_is_not_run_and_is_counted() -> None:
    async with serving() as s:
        with s.gate.held():
            first = asyncio.create_task(s.parse("a"))
            await s.gate.batch()
            left = asyncio.create_task(s.raw([part(b'{"text": "gone"}'), GONE]))
            stayed = asyncio.create_task(s.parse("b"))
            await turns()
        await asyncio.gather(first, left, stayed)
        assert s.gate.batches() == [["b"]]
        samples = await s.samples()
        assert samples['polyparse_requests_total{endpoint="parse",outcome="departed",version=""}'] == 1
        assert samples['polyparse_requests_total{endpoint="parse",outcome="ok",version="1"}'] == 2


async def test_a_cancelled_request_gives_back_its_lease() -> None:
    async with serving() as s:
        with s.gate.held():
            task = asyncio.create_task(s.parse("a"))
            await s.gate.batch()
            assert s.leases() == 1
            task.cancel()
            await asyncio.wait([task], timeout=BOUND_S)
            assert task.cancelled()
            assert s.leases() == 0


async def test_a_request_cancelled_in_the_queue_is_not_run() -> None:
    async with serving() as s:
        with s.gate.held():
            first = asyncio.create_task(s.parse("a"))
            await s.gate.batch()
            leaving = asyncio.create_task(s.parse("b"))
            await turns()
            assert s.service.batcher.waiting_tokens == 1
            leaving.cancel()
            await asyncio.wait([leaving], timeout=BOUND_S)
            staying = asyncio.create_task(s.parse("c"))
            await turns()
        await asyncio.gather(first, staying)
        assert s.gate.batches() == [["c"]]
        assert s.leases() == 0


async def test_before_a_model_serves_there_is_a_503() -> None:
    async with serving() as s:
        await s.service.manager.close()
        answer = await s.parse("a")
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
