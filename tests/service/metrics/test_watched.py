"""What is asked for at a scrape is shown as it is then."""

import gc
import re

import pytest

from service.metrics.metrics import Metrics
from tests.service.serving import serving

pytestmark = pytest.mark.anyio


async def test_collections_of_garbage_are_shown() -> None:
    name = 'polyparse_gc_collections_total{generation="2"}'
    async with serving() as s:
        before = (await s.samples())[name]
        gc.collect()
        samples = await s.samples()
        assert samples[name] > before
        assert 'polyparse_gc_seconds_total{generation="2"}' in samples


@pytest.mark.parametrize("memory", [None, (3, 10)])
def test_memory_and_use_of_a_device_are_shown_where_there_is_one(memory: tuple[int, int] | None) -> None:
    metrics = Metrics()
    metrics.watched.accelerator(lambda: memory, None if memory is None else lambda: 0.25)
    lines = re.findall(r"^polyparse_accelerator_.*$", metrics.render().decode(), re.MULTILINE)
    shown = [
        f'polyparse_accelerator_memory_bytes{{kind="{kind}"}} {value}.0'
        for kind, value in zip(("used", "total"), memory or (), strict=False)
    ]
    assert sorted(lines) == sorted([*shown, *(["polyparse_accelerator_busy_ratio 0.25"] if memory else [])])
