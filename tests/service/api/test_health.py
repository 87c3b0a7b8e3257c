"""Ready means that a golden utterance has just been parsed, as a caller's would be, within a bounded time."""

import asyncio

import pytest

from polyparse.bundle.golden import Golden
from polyparse.contract.frame import Utterance
from tests.service.fakes import golden_of, read_words, turns
from tests.service.serving import serving

pytestmark = pytest.mark.anyio

WRONG = Golden("two words", None, None, "words_3", (), 0.25)


async def test_a_serving_process_is_live_and_ready_and_says_with_what() -> None:
    async with serving() as s:
        assert (await s.client.get("/health/live")).json() == {"status": "live"}
        ready = await s.client.get("/health/ready")
        assert ready.status_code == 200
        assert ready.json() == {"status": "ready", "model": {"name": "words", "version": "1", "digest": "d1"}}
        assert s.gate.batches() == [["two words"]]


async def test_a_model_that_answers_golden_utterances_wrongly_is_not_ready() -> None:
    assert golden_of("two words").intent != WRONG.intent
    async with serving(WRONG) as s:
        answer = await s.client.get("/health/ready")
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
        assert "two words" in answer.json()["detail"]


async def test_a_model_that_raises_is_not_ready() -> None:
    async with serving(golden_of("poison")) as s:
        answer = await s.client.get("/health/ready")
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")


async def test_a_model_that_hangs_is_not_ready_though_the_process_is_live() -> None:
    async with serving(probe_timeout_s=0) as s:
        with s.gate.held():
            answer = await s.client.get("/health/ready")
            assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
            assert (await s.client.get("/health/live")).status_code == 200


async def test_a_full_queue_is_ready_while_the_model_answers_and_not_once_it_hangs() -> None:
    async with serving(queue_tokens=1) as s:
        assert (await s.parse("a")).status_code == 200
        with s.gate.held():
            requests = [asyncio.create_task(s.parse("b"))]
            await s.gate.batch()
            await s.gate.batch()
            requests.append(asyncio.create_task(s.parse("c")))
            await turns()
            s.clock.now += 1.0
            assert (await s.client.get("/health/ready")).status_code == 200
            s.clock.now += 0.1
            assert (await s.client.get("/health/ready")).status_code == 503
        assert [answer.status_code for answer in await asyncio.gather(*requests)] == [200, 200]


async def test_a_draining_process_is_not_ready_but_finishes_its_requests() -> None:
    async with serving() as s:
        s.service.readiness.drain()
        answer = await s.client.get("/health/ready", headers={"x-request-id": "mine"})
        assert (answer.status_code, answer.json()["code"]) == (503, "shutting_down")
        assert answer.json()["request_id"] == "mine"
        assert (await s.parse("a b")).json()["text"] == read_words(Utterance("a b")).text


async def test_a_probe_leaves_no_lease_behind() -> None:
    async with serving(probe_timeout_s=0) as s:
        with s.gate.held():
            await s.client.get("/health/ready")
            assert [version.leases for version in s.service.manager.versions] == [0]
