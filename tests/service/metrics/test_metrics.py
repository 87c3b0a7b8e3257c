"""What Prometheus reads: outcomes, stages, batches, the queue, frames and the version that serves."""

import asyncio
from pathlib import Path

import pytest

from polyparse.errors import StateInvalid
from service.errors import REFUSALS
from service.metrics.labels import OK, STAGES
from service.metrics.metrics import Metrics
from service.registry.errors import MemoryShort
from service.registry.loaded import ModelVersion
from tests.service.fakes import BOUND_S, FakeOutcome, turns, until, wish
from tests.service.metrics.samples import requests
from tests.service.serving import serving

pytestmark = pytest.mark.anyio

FIRST, SECOND = ModelVersion("words", "1", "d1"), ModelVersion("words", "2", "d2")
FIRST_AGAIN = ModelVersion("words", "1", "d9")


async def test_every_request_is_counted_by_endpoint_outcome_and_version() -> None:
    async with serving() as s:
        for text in ("a", "b", "", "poison"):
            await s.parse(text)
        await s.parse_batch([{"text": "a"}, {"text": ""}])
        await s.parse_batch([{"text": ""}])
        await s.client.post("/parse/batch", content=b"")
        samples = await s.samples()
        assert requests(samples) == {
            '{endpoint="parse",outcome="ok",version="1"}': 2,
            '{endpoint="parse",outcome="empty_text",version=""}': 1,
            '{endpoint="parse",outcome="model_run_failed",version="1"}': 1,
            '{endpoint="parse_batch",outcome="ok",version="1"}': 1,
            '{endpoint="parse_batch",outcome="ok",version=""}': 1,
            '{endpoint="parse_batch",outcome="invalid_json",version=""}': 1,
        }
        for endpoint, outcome, version, count in (
            ("parse", "ok", "1", 2),
            ("parse", "rejected", "", 1),
            ("parse", "failed", "1", 1),
            ("parse_batch", "ok", "1", 1),
            ("parse_batch", "ok", "", 1),
            ("parse_batch", "rejected", "", 1),
        ):
            labels = f'endpoint="{endpoint}",outcome="{outcome}",version="{version}"'
            assert samples[f"polyparse_request_seconds_count{{{labels}}}"] == count


async def test_every_stage_is_timed_from_50_microseconds() -> None:
    async with serving() as s:
        await s.parse("a b")
        await turns()
        samples = await s.samples()
        for stage in STAGES:
            assert samples[f'polyparse_stage_seconds_count{{stage="{stage}",version="1"}}'] == 1
            assert f'polyparse_stage_seconds_bucket{{le="5e-05",stage="{stage}",version="1"}}' in samples
        assert samples['polyparse_stage_seconds_sum{stage="score",version="1"}'] == 1e-3


async def test_batches_show_their_sequences_and_padding() -> None:
    async with serving() as s:
        await asyncio.gather(s.parse("a b", n_best=2), s.parse("c d e f"))
        await turns()
        samples = await s.samples()
        assert samples["polyparse_batch_sequences_sum"] == 3
        assert samples["polyparse_batch_sequences_count"] == 1
        assert samples["polyparse_batch_padding_ratio_sum"] == 0.25
        assert samples['polyparse_batch_tokens_total{kind="useful"}'] == 6
        assert samples['polyparse_batch_tokens_total{kind="padding"}'] == 2


async def test_the_queue_shows_what_waits_at_the_scrape_and_since_when() -> None:
    async with serving() as s:
        with s.gate.held():
            waiting = [asyncio.create_task(s.parse("a"))]
            await s.gate.batch()
            waiting.append(asyncio.create_task(s.parse("b c d")))
            await turns()
            s.clock.now += 2.5
            samples = await s.samples()
            assert samples["polyparse_queue_tokens"] == 3
            assert samples["polyparse_queue_age_seconds"] == 2.5
        await asyncio.gather(*waiting)
        samples = await s.samples()
        assert samples["polyparse_queue_tokens"] == 0
        assert samples["polyparse_queue_age_seconds"] == 0


async def test_without_a_version_that_serves_nothing_waits() -> None:
    async with serving() as s:
        await s.service.manager.close()
        samples = await s.samples()
        assert samples["polyparse_queue_tokens"] == samples["polyparse_queue_age_seconds"] == 0


async def test_every_utterance_that_is_refused_for_the_state_of_the_service_is_counted_by_its_reason() -> (
    None
):
    async with serving(queue_tokens=2) as s:
        reasons = {reason: f'polyparse_refusals_total{{reason="{reason}"}}' for reason in REFUSALS}
        samples = await s.samples()
        assert {reason: samples[name] for reason, name in reasons.items()} == dict.fromkeys(REFUSALS, 0)
        with s.gate.held():
            admitted = [asyncio.create_task(s.parse("a"))]
            await s.gate.batch()
            admitted.append(asyncio.create_task(s.parse("b c", headers={"x-deadline-ms": "50"})))
            await turns()
            await s.parse("d")
            await s.parse_batch([{"text": "e"}, {"text": ""}, {"text": "f"}])
            await admitted[1]
        await asyncio.gather(*admitted)
        await s.service.manager.close()
        await s.parse("g")
        await s.parse_batch([{"text": "h"}, {"text": "i"}])
        samples = await s.samples()
        assert {reason: samples[name] for reason, name in reasons.items()} == {
            "queue_full": 3,
            "deadline_exceeded": 1,
            "not_ready": 3,
            "shutting_down": 0,
        }


async def test_what_the_end_of_the_service_leaves_unfinished_is_counted_as_refused() -> None:
    async with serving() as s:
        with s.gate.held():
            unfinished = asyncio.create_task(s.parse("a"))
            await s.gate.batch()
            await s.service.batcher.close(0)
            assert (await unfinished).json()["code"] == "shutting_down"
        assert (await s.samples())['polyparse_refusals_total{reason="shutting_down"}'] == 1


async def test_after_a_switch_no_series_of_the_version_that_is_gone_is_left() -> None:
    async with serving() as s:
        await s.parse("a")
        await s.parse_batch([{"text": "a"}])
        await turns()
        assert 'version="1"' in (await s.client.get("/metrics")).text
        await s.promote("2")
        await s.gone("1")
        await s.parse("a")
        samples = await s.samples()
        assert [name for name in samples if 'version="1"' in name] == []
        assert requests(samples) == {'{endpoint="parse",outcome="ok",version="2"}': 1}
        assert samples['polyparse_stage_seconds_count{stage="encode",version="2"}'] == 1


async def test_the_last_request_of_a_version_that_goes_with_it_brings_no_series_of_it_back() -> None:
    async with serving() as s:
        await s.parse("a")
        with s.gate.held():
            last = asyncio.create_task(s.parse("b"))
            await s.gate.batch()
            await s.gate.batch()
            await s.promote("2")
            held = (await s.samples())['polyparse_requests_total{endpoint="parse",outcome="ok",version="1"}']
            assert held == 1
        assert (await last).json()["model"]["version"] == "1"
        await s.gone("1")
        samples = await s.samples()
        assert [name for name in samples if 'version="1"' in name] == []
        assert requests(samples) == {}


def test_what_is_seen_of_a_version_is_seen_beside_the_others() -> None:
    metrics = Metrics()
    metrics.of_version(FIRST).queued(0.5)
    metrics.of_version(SECOND).queued(0.25)
    assert metrics.of_version(FIRST) is metrics.of_version(FIRST)
    metrics.of_version(SECOND).ran(2, FakeOutcome([], {"score": 0.125}, 0.5, 8))
    lines = metrics.render().decode().splitlines()
    assert 'polyparse_stage_seconds_sum{stage="queue",version="1"} 0.5' in lines
    assert 'polyparse_stage_seconds_sum{stage="queue",version="2"} 0.25' in lines
    assert 'polyparse_stage_seconds_sum{stage="score",version="1"} 0.0' in lines
    assert 'polyparse_stage_seconds_sum{stage="score",version="2"} 0.125' in lines


def test_a_version_that_answered_nothing_goes_without_a_trace() -> None:
    metrics = Metrics()
    metrics.of_version(FIRST)
    metrics.gone(FIRST)
    metrics.gone(SECOND)
    assert 'version="' not in metrics.render().decode()


def test_a_version_that_is_gone_takes_no_series_of_another_with_it() -> None:
    metrics = Metrics()
    for version in (FIRST, SECOND):
        metrics.of_version(version).queued(0.5)
        metrics.answered("parse", OK, version.version, 0.5)
        metrics.answered("parse_batch", OK, version.version, 0.5)
    metrics.answered("parse", "empty_text", "", 0.5)
    metrics.gone(FIRST)
    text = metrics.render().decode()
    assert 'version="1"' not in text
    for endpoint in ("parse", "parse_batch"):
        labels = f'endpoint="{endpoint}",outcome="ok",version="2"'
        assert f"polyparse_request_seconds_count{{{labels}}} 1.0\n" in text
    assert 'polyparse_requests_total{endpoint="parse",outcome="empty_text",version=""} 1.0\n' in text
    assert 'polyparse_stage_seconds_count{stage="queue",version="2"} 1.0\n' in text


def test_a_version_written_anew_under_its_number_keeps_the_series_of_that_number() -> None:
    metrics = Metrics()
    for version in (FIRST, FIRST_AGAIN):
        metrics.of_version(version).queued(0.5)
        metrics.answered("parse", OK, version.version, 0.5)
    metrics.gone(FIRST)
    assert 'polyparse_stage_seconds_count{stage="queue",version="1"} 2.0\n' in metrics.render().decode()
    metrics.answered("parse", OK, "1", 0.5)
    assert (
        'polyparse_requests_total{endpoint="parse",outcome="ok",version="1"} 3.0\n'
        in metrics.render().decode()
    )
    metrics.gone(FIRST_AGAIN)
    assert 'version="1"' not in metrics.render().decode()


async def test_every_version_shows_its_state_and_every_swap_its_end() -> None:
    async with serving() as s:
        s.loader.refusals["bad"] = MemoryShort("found 1 MB, expected 9 MB")
        await s.promote("2", keeps="1")
        s.service.manager.wish(wish("bad", "2", generation=7))
        await until(lambda: [each.state.name for each in s.service.manager.versions][-1] == "FAILED")
        samples = await s.samples()
        states = {'digest="d2",state="serving",version="2"', 'digest="",state="failed",version="bad"'}
        assert {name for name in samples if name.startswith("polyparse_version_info")} >= {
            f"polyparse_version_info{{{state}}}" for state in states
        }
        assert samples['polyparse_swap_loads_total{outcome="ok"}'] == 2
        assert samples['polyparse_swap_loads_total{outcome="memory_short"}'] == 1
        assert samples["polyparse_swap_load_seconds_count"] == 2
        assert samples["polyparse_swap_switches_total"] == 2
        assert samples["polyparse_swap_generation"] == 7
        assert samples["polyparse_swap_state_readable"] == 1


async def test_a_state_that_cannot_be_read_is_shown() -> None:
    async with serving(state_poll_s=0.01) as s:
        s.source.wished = StateInvalid("found no JSON", file=Path("state.json"))
        readable = 1.0
        async with asyncio.timeout(BOUND_S):
            while readable:
                await turns()
                readable = (await s.samples())["polyparse_swap_state_readable"]
        assert (await s.parse("a")).status_code == 200


def test_only_the_version_that_serves_is_shown() -> None:
    metrics = Metrics()
    metrics.serves(FIRST)
    metrics.serves(SECOND)
    infos = [
        line for line in metrics.render().decode().splitlines() if line.startswith("polyparse_model_info{")
    ]
    assert infos == ['polyparse_model_info{digest="d2",name="words",version="2"} 1.0']
