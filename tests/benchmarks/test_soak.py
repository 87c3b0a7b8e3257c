"""A soak of seconds holds what an hour has to hold; it is the same command."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import soak
from polyparse.contract.frame import Utterance

PART = 250
"""Requests between two looks."""
MODELS = Path(soak.__file__).parents[1] / "models"
TEXTS = ("wake me up at nine", "pon una alarma a las siete", "che tempo fa domani", "बत्ती बंद करो")


@pytest.mark.skipif(not MODELS.exists(), reason="no bundle is shipped yet")
def test_nothing_grows_and_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "PART", PART)
    found = soak.measure(MODELS, [Utterance(text, None) for text in TEXTS * 10], 2.0)
    assert found["soak_failed"] == 0
    assert found["soak_descriptors_growth"] <= 0
    assert found["soak_threads_growth"] <= 0
    assert found["soak_rss_growth_mb"] <= 16
    assert found["soak_requests"] >= 8 * PART
