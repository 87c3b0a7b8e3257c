"""Memory that callers make a real server take is bounded, with the shipped bundle."""

from pathlib import Path

import pytest

from benchmarks import memory

MODELS = Path(__file__).parents[2] / "models"
TEXTS = 2_000
MB_AT_MOST = 48.0
"""Caches that were bounded in entries took 97 MB more by 3,000 texts, and ever more after it."""


@pytest.mark.skipif(not MODELS.exists(), reason="no bundle is shipped yet")
def test_hostile_texts_take_a_bounded_part_of_it() -> None:
    result = memory.measure(MODELS, TEXTS)
    assert result.passed, result.table()
    assert result.figures["rss_growth_mb"] <= MB_AT_MOST, result.table()
    assert result.figures["answered"] > 0.9 * TEXTS
