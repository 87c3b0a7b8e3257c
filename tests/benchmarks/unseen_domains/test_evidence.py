"""Evidence on disk comes back as it was, and what was not known is not known."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchmarks.unseen_domains.evidence import load, save
from polyparse.inference.ood import Evidence

if TYPE_CHECKING:
    from pathlib import Path

LOG_PROBS_BI = np.log(np.array([[0.25, 0.75], [0.5, 0.5]], np.float32))
SHARES_B = np.array([0.0, 0.5], np.float32)
EVIDENCE = {
    "of a model without domains": Evidence(LOG_PROBS_BI, SHARES_B),
    "of one that keeps training text": Evidence(
        LOG_PROBS_BI, SHARES_B, np.exp(LOG_PROBS_BI), unseen_ngrams_B=SHARES_B, domain_log_ratio_B=-SHARES_B
    ),
}


@pytest.mark.parametrize("kind", EVIDENCE)
def test_what_is_saved_is_loaded(kind: str, tmp_path: Path) -> None:
    evidence = EVIDENCE[kind]
    save(tmp_path / "evidence.npz", evidence)
    loaded = load(tmp_path / "evidence.npz")
    for field in fields(Evidence):
        np.testing.assert_array_equal(getattr(loaded, field.name), getattr(evidence, field.name))
    assert [path.name for path in tmp_path.iterdir()] == ["evidence.npz"]
