"""A canary over HTTP: whose requests it answers, and what happens when it fails, is slow, or is promoted meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from polyparse.contract.frame import Frame
from service.batching.protocols import Outcome
from tests.service.fakes import FakeItem, FakeParser, caller, part, turns, until, wish
from tests.service.serving import Serving, serving

pytestmark = pytest.mark.anyio

KEYS = [f"user-{number}" for number in range(400)]
SLOW = {"score": 9e-3, "decode": 2e-4, "assemble": 1e-4}


@dataclass
class Raising(FakeParser):
    """Fails on whatever it is given."""

    def run(self, items: Sequence[FakeItem], /) -> Outcome[Frame]:
        raise FloatingPointError(f"found nan for {len(items)} items")


@asynccontextmanager
async def tried(
    canary: FakeParser | None = None, percent: float = 50, **settings: Any
) -> AsyncIterator[Serving]:
    """Version 1 serves, and version 2 is the canary."""
    async with serving(canary_min_requests=20, **settings) as s:
        s.loader.parsers["2"] = canary or FakeParser()
        s.service.manager.wish(wish("1", generation=2, canary=("2", percent)))
        await until(lambda: s.service.manager.candidates.split is not None)
        yield s


async def answer(s: Serving, key: str | None) -> tuple[int, str]:
    """Status and version of the answer to a key; the version is empty where there is a problem."""
    answered = await s.parse("a b", headers=None if key is None else {"x-canary-key": key})
    body = answered.json()
    return answered.status_code, body["model"]["version"] if answered.status_code == 200 else ""


async def answers(s: Serving, keys: Sequence[str | None]) -> list[tuple[int, str]]:
    return [await answer(s, key) for key in keys]


async def test_a_key_gets_the_same_version_each_time_and_all_versions_have_their_share() -> None:
    async with tried(percent=25) as s:
        first, again = await answers(s, KEYS), await answers(s, KEYS)
        assert first == again
        number = first.count((200, "2"))
        assert abs(number - 100) < 4 * (400 * 0.25 * 0.75) ** 0.5
        samples = await s.samples()
        assert samples['polyparse_requests_total{endpoint="parse",outcome="ok",version="2"}'] == 2 * number


async def test_without_a_key_each_request_is_drawn_anew() -> None:
    async with tried() as s:
        assert {version for _, version in await answers(s, [None] * 64)} == {"1", "2"}


async def test_a_blank_key_is_none() -> None:
    async with tried() as s:
        assert {version for _, version in await answers(s, [" \t"] * 64)} == {"1", "2"}


async def test_a_batch_is_one_request_and_all_its_items_get_one_version() -> None:
    async with tried() as s:
        seen = set()
        for _ in range(32):
            results = (await s.parse_batch([{"text": "a"}, {"text": "b"}, {"text": ""}])).json()["results"]
            seen.add(tuple(result["model"]["version"] for result in results[:2]))
        assert seen == {("1", "1"), ("2", "2")}
        versions = {
            (await s.parse_batch([{"text": "a"}], headers={"x-canary-key": "ann"})).json()["results"][0][
                "model"
            ]["version"]
            for _ in range(8)
        }
        assert len(versions) == 1


async def test_readiness_is_that_of_the_stable_version() -> None:
    async with tried(Raising(), percent=100) as s:
        ready = await s.client.get("/health/ready")
        assert (ready.status_code, ready.json()["model"]["version"]) == (200, "1")


async def test_the_percentage_and_the_verdict_are_shown_and_go_with_the_canary() -> None:
    async with tried(percent=12.5) as s:
        samples = await s.samples()
        assert samples['polyparse_canary_percent{version="2"}'] == 12.5
        assert samples['polyparse_canary_verdict{verdict="undecided",version="2"}'] == 1
        await s.promote("2")
        await s.gone("1")
        assert not [name for name in await s.samples() if name.startswith("polyparse_canary_percent")]


@pytest.mark.parametrize(
    ("canary", "figures"),
    [(Raising, "of 30 utterances failed"), (FakeParser, "a run took 7.15 times as long")],
    ids=["raises", "slow"],
)
async def test_a_canary_that_fails_or_is_slow_is_stopped_at_once_and_the_stable_version_is_unharmed(
    canary: type[FakeParser], figures: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with tried(auto_rollback=True) as s:
        s.loader.parsers["3"] = canary(run_seconds=SLOW)
        s.service.manager.wish(wish("1", generation=3, canary=("3", 50)))
        await until(lambda: s.service.manager.candidates.split is not None)
        await answers(s, KEYS)
        assert s.service.manager.candidates.split is None
        assert s.service.manager.candidates.sick is not None
        assert figures in s.service.manager.candidates.sick.reason
        assert "canary unhealthy" in caplog.text
        assert set(await answers(s, KEYS)) == {(200, "1")}
        samples = await s.samples()
        assert samples['polyparse_canary_percent{version="3"}'] == 0
        assert samples['polyparse_canary_verdict{verdict="unhealthy",version="3"}'] == 1
        assert samples['polyparse_canary_rollbacks_total{scope="process"}'] == 1
        assert samples['polyparse_canary_rollbacks_total{scope="fleet"}'] == 0


async def test_a_canary_that_hangs_is_stopped_and_the_stable_version_answers_all_the_time() -> None:
    """Each of its requests is late; of two threads it holds one, and no more."""
    async with tried(auto_rollback=True, inference_threads=2, request_timeout_s=1.0) as s:
        hanging = s.loader.parsers["3"] = FakeParser()
        s.service.manager.wish(wish("1", generation=3, canary=("3", 50)))
        await until(lambda: s.service.manager.candidates.split is not None)
        keys = KEYS[:80]
        versions = dict(zip(keys, await answers(s, keys), strict=True))
        hanging.gate.batches()
        with hanging.gate.held():
            late = []
            for key, before in versions.items():
                if before == (200, "1"):
                    assert await answer(s, key) == before
                else:
                    late.append(asyncio.create_task(answer(s, key)))
                    await turns(50)
            assert set(await asyncio.gather(*late)) == {(503, "")}
            sick = s.service.manager.candidates.sick
            assert sick is not None
            assert (sick.version, s.service.manager.candidates.split) == ("3", None)
            assert set(await answers(s, keys)) == {(200, "1")}
            assert s.service.batcher.waiting_tokens == 0
            assert len(hanging.gate.batches()) == 1


async def test_without_automatic_rollback_an_unhealthy_canary_is_only_shown() -> None:
    async with tried(Raising()) as s:
        outcomes = await answers(s, KEYS)
        assert {status for status, _ in outcomes} == {200, 500}
        assert await answers(s, KEYS) == outcomes
        assert 'polyparse_canary_verdict{verdict="unhealthy",version="2"}' in await s.samples()


async def test_faults_of_callers_are_no_faults_of_the_canary() -> None:
    async with tried(auto_rollback=True, percent=50) as s:
        for key in KEYS:
            await s.parse("", headers={"x-canary-key": key})
            await s.parse("a", headers={"x-canary-key": key}, locale="de-DE")
        assert s.service.manager.candidates.split is not None
        assert 'polyparse_canary_verdict{verdict="undecided",version="2"}' in await s.samples()


async def test_items_of_batches_are_evidence_too() -> None:
    async with tried(Raising(), auto_rollback=True) as s:
        for key in KEYS[:40]:
            await s.parse_batch([{"text": "a"}] * 4, headers={"x-canary-key": key})
        assert s.service.manager.candidates.sick is not None


async def test_a_canary_that_is_promoted_while_it_answers_goes_on_to_answer() -> None:
    async with tried(auto_rollback=True) as s:
        gate = s.loader.parsers["2"].gate
        with gate.held():
            held = [asyncio.create_task(answer(s, key)) for key in KEYS[:16]]
            await gate.batch()
            s.service.manager.wish(wish("2", "1", generation=3))
            await turns()
        assert {status for status, _ in await asyncio.gather(*held)} == {200}
        assert set(await answers(s, KEYS)) == {(200, "2")}
        assert [v.verdict for v in s.service.manager.versions] == [None, None]
        s.service.manager.wish(wish("1", "2", generation=4))
        assert set(await answers(s, KEYS)) == {(200, "1")}
        assert s.loader.loads == ["1", "2"]


async def test_a_shadow_parses_once_the_answer_was_sent() -> None:
    async with serving() as s:
        shadow = s.loader.parsers["2"] = FakeParser()
        s.service.manager.wish(wish("1", generation=2, shadow=("2", 1.0)))
        await until(lambda: s.service.manager.candidates.shadow is not None)
        shadow.gate.shut()
        answered = await s.parse("a b")
        assert (answered.status_code, answered.json()["model"]["version"]) == (200, "1")
        assert await shadow.gate.batch() == ["a b"]
        answered = await s.parse_batch([{"text": "c"}, {"text": ""}])
        assert answered.status_code == 200
        shadow.gate.open()
        compared = 'polyparse_shadow_compared_total{locale="none",version="2"}'
        async with asyncio.timeout(20):
            while (await s.samples()).get(compared) != 2:
                await turns()


async def test_an_answer_is_sent_before_the_shadow_hears_of_it() -> None:
    async with serving() as s:
        shadow = s.loader.parsers["2"] = FakeParser()
        s.service.manager.wish(wish("1", generation=2, shadow=("2", 1.0)))
        await until(lambda: s.service.manager.candidates.shadow is not None)
        events: list[str] = []
        prepare = shadow.prepare

        def noted(utterance: Any) -> FakeItem:
            events.append("prepared")
            return prepare(utterance)

        shadow.prepare = noted  # type: ignore[method-assign]

        async def send(message: Any) -> None:
            await turns()
            events.append(message["type"])

        scope = {"type": "http", "method": "POST", "path": "/parse", "headers": [], "query_string": b""}
        await s.service.asgi(scope, caller([part(b'{"text": "a"}')]), send)
        await until(lambda: "prepared" in events)
        assert events == ["http.response.start", "http.response.body", "prepared"]
