"""What Prometheus reads: outcomes, stages, batches, the queue and the version that serves."""

import asyncio

from service.metrics import OUTCOMES, STAGES, Metrics
from service.registry.loaded import ModelVersion
from tests.service.fakes import in_loop, turns
from tests.service.serving import Serving, serving


async def scraped(s: Serving) -> dict[str, float]:
    """Sample -> value."""
    answer = await s.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    lines = (line for line in answer.text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


@in_loop
async def test_every_request_is_counted_by_its_outcome() -> None:
    async with serving() as s:
        for text in ("a", "b", "", "poison"):
            await s.parse(text)
        found = await scraped(s)
        counts = {name: found[f'polyparse_requests_total{{outcome="{name}"}}'] for name in OUTCOMES}
        assert {name: count for name, count in counts.items() if count} == {
            "ok": 2,
            "empty_text": 1,
            "model_run_failed": 1,
        }
        assert found["polyparse_request_seconds_count"] == 4


@in_loop
async def test_every_stage_is_timed_from_50_microseconds() -> None:
    async with serving() as s:
        await s.parse("a b")
        await turns()
        found = await scraped(s)
        for stage in STAGES:
            assert found[f'polyparse_stage_seconds_count{{stage="{stage}"}}'] == 1
            assert f'polyparse_stage_seconds_bucket{{le="5e-05",stage="{stage}"}}' in found
        assert found['polyparse_stage_seconds_sum{stage="score"}'] == 1e-3


@in_loop
async def test_batches_show_their_rows_and_padding() -> None:
    async with serving() as s:
        await asyncio.gather(s.parse("a b"), s.parse("c d e f"))
        await turns()
        found = await scraped(s)
        assert found["polyparse_batch_rows_sum"] == 2
        assert found["polyparse_batch_padding_ratio_sum"] == 0.25


@in_loop
async def test_the_queue_shows_what_waits_at_the_scrape() -> None:
    async with serving() as s:
        with s.gate.held():
            asked = [asyncio.create_task(s.parse("a"))]
            await s.gate.batch()
            asked.append(asyncio.create_task(s.parse("b c d")))
            await turns()
            assert (await scraped(s))["polyparse_queue_tokens"] == 3
        await asyncio.gather(*asked)
        assert (await scraped(s))["polyparse_queue_tokens"] == 0


def test_only_the_version_that_serves_is_shown() -> None:
    metrics = Metrics()
    metrics.serves(ModelVersion("words", "1", "d1"))
    metrics.serves(ModelVersion("words", "2", "d2"))
    infos = [
        line for line in metrics.render().decode().splitlines() if line.startswith("polyparse_model_info{")
    ]
    assert infos == ['polyparse_model_info{digest="d2",name="words",version="2"} 1.0']
