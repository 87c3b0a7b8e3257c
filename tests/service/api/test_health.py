"""Ready means that a golden utterance has just been parsed, as a caller's would be, within a bounded time."""

import asyncio

import pytest

from polyparse.bundle.golden import Golden
from polyparse.contract.frame import Utterance
from tests.service.fakes import golden_of, read_words, turns
from tests.service.serving import Serving, serving

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


async def test_a_process_whose_inference_threads_all_hang_is_not_live_and_says_so() -> None:
    async with serving(inference_threads=2, hang_timeout_s=60.0) as s:
        with s.gate.held():
            requests = [asyncio.create_task(s.parse("a"))]
            await s.gate.batch()
            requests.append(asyncio.create_task(s.parse("b")))
            await s.gate.batch()
            s.clock.now += 59
            assert (await s.client.get("/health/live")).status_code == 200
            s.clock.now += 1
            answer = await s.client.get("/health/live", headers={"x-request-id": "mine"})
            assert (answer.status_code, answer.json()["code"]) == (503, "not_live")
            assert answer.json()["detail"].startswith(
                "found each of 2 inference threads in one batch for 60 s"
            )
            assert answer.json()["request_id"] == "mine"
            assert (await s.samples())['polyparse_inference_threads{state="hung"}'] == 2
        await asyncio.gather(*requests)
        assert (await s.client.get("/health/live")).status_code == 200


async def test_one_of_several_that_hangs_is_counted_and_the_process_is_live_and_ready() -> None:
    async with serving(inference_threads=2, hang_timeout_s=60.0) as s:
        hanging = asyncio.create_task(s.parse("hang"))
        await s.gate.batch()
        s.clock.now += 60
        assert (await s.client.get("/health/live")).status_code == 200
        assert (await s.client.get("/health/ready")).status_code == 200
        samples = await s.samples()
        states = [
            samples[f'polyparse_inference_threads{{state="{state}"}}'] for state in ("idle", "busy", "hung")
        ]
        assert states == [3, 0, 1]  # each lane has two
        s.parser.released.set()
        assert (await hanging).status_code == 200


async def test_a_lost_device_latches_readiness_and_liveness() -> None:
    async with serving() as s:
        assert (await s.client.get("/health/ready")).status_code == 200
        assert (await s.parse("lost")).json()["code"] == "model_run_failed"
        for path, code in (("/health/ready", "not_ready"), ("/health/live", "not_live")):
            answer = await s.client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (503, code)
            assert "found a lost device" in answer.json()["detail"]


async def is_ready(s: Serving) -> bool:
    """What the metric says."""
    return (await s.samples())["polyparse_ready"] == 1


async def test_the_metric_says_ready_until_a_probe_finds_otherwise() -> None:
    async with serving(WRONG) as s:
        assert await is_ready(s)
        await s.client.get("/health/ready")
        assert not await is_ready(s)
        assert (await s.parse("a")).status_code == 200
        assert not await is_ready(s)
        s.loader.golden = golden_of("two words")
        await s.promote("2")
        assert await is_ready(s)


async def test_the_metric_says_not_ready_without_a_version_and_at_the_end() -> None:
    async with serving() as s:
        s.service.readiness.drain()
        assert not await is_ready(s)
    async with serving() as s:
        await s.service.manager.close()
        assert not await is_ready(s)


async def test_a_model_that_did_not_answer_a_probe_is_ready_for_the_metric_once_it_answers() -> None:
    async with serving(probe_timeout_s=0) as s:
        with s.gate.held():
            await s.client.get("/health/ready")
            assert not await is_ready(s)
        s.clock.now += 1
        assert (await s.parse("a")).status_code == 200
        await turns()
        assert await is_ready(s)


async def test_threads_that_all_run_for_longer_than_a_probe_may_take_are_not_ready() -> None:
    async with serving(probe_timeout_s=1.0) as s:
        with s.gate.held():
            waiting = asyncio.create_task(s.parse("a"))
            await s.gate.batch()
            assert await is_ready(s)
            s.clock.now += 1.0
            assert not await is_ready(s)
        await waiting
        assert await is_ready(s)
