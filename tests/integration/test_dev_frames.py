"""The shipped bundles answer all of MASSIVE dev as it is recorded: labels and spans exactly, probabilities nearly."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import dev_frames
from polyparse.runtime.load import load
from tests.public_corpora import MASSIVE, needs_massive

ROOT = Path(__file__).parents[2]


@needs_massive
@pytest.mark.parametrize(
    "manifest", sorted(ROOT.glob("models/*/*/manifest.json")), ids=lambda m: m.parent.name
)
def test_dev_is_answered_as_recorded(manifest: Path) -> None:
    bundle = load(manifest.parent, device="cpu")
    actual = dev_frames.frames_of(bundle, MASSIVE)
    differences = dev_frames.compare(dev_frames.read(dev_frames.record_of(bundle)), actual)
    assert differences.agree, dev_frames.in_words(differences, len(actual))
