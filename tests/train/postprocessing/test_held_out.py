"""Held-out answers: read as they were written, one after the other, and by the ids of the labels of the whole corpus."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from polyparse.errors import ConfigError
from polyparse.inference.ood import Evidence
from tests.train.postprocessing.test_calibration import LABELS, NO_INTENTS, SOFT, drawn
from train.postprocessing.calibration_data import NO_LABEL
from train.postprocessing.held_out import HeldOut, load

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.contract.labels import Labels

FEWER = replace(LABELS, intents=("v", "x", "z"), intent_domains=(0, 1, 0))
"""As of a part of the corpus that lacks three of its intents."""


def answers(n_utterances: int, labels: Labels = LABELS) -> HeldOut:
    data = drawn(n_utterances, labels)
    return HeldOut(data, Evidence(data.log_probs_BI, np.linspace(0.0, 1.0, n_utterances)))


@pytest.mark.parametrize("labels", [LABELS, NO_INTENTS])
def test_they_are_read_as_they_were_written(labels: Labels, tmp_path: Path) -> None:
    written = answers(5, labels)
    written.save(tmp_path / "held_out.npz")
    data, evidence = load(tmp_path / "held_out.npz", labels, SOFT)
    for name, array in vars(written.data).items():
        np.testing.assert_array_equal(getattr(data, name), array)
    np.testing.assert_array_equal(evidence.unknown_words_B, written.evidence.unknown_words_B)
    if labels.domains:
        assert evidence.domain_probs_BD is not None
        np.testing.assert_allclose(evidence.domain_probs_BD.sum(axis=1), 1.0)
        in_first = np.exp(data.log_probs_BI[:, [0, 1, 5]]).sum(axis=1)
        np.testing.assert_allclose(evidence.domain_probs_BD[:, 0], in_first)


def test_those_of_other_labels_are_refused(tmp_path: Path) -> None:
    answers(5, FEWER).save(tmp_path / "held_out.npz")
    with pytest.raises(
        ConfigError, match=r"held_out.npz: log_probs_BI: found float64\(5, 3\), expected .*\(5, 6\)"
    ):
        load(tmp_path / "held_out.npz", LABELS, SOFT)


def test_joined_they_are_in_order() -> None:
    first, second = answers(3), answers(4)
    joined = HeldOut.join([first, second])
    np.testing.assert_array_equal(joined.data.path_B, [*first.data.path_B, *second.data.path_B])
    unknown_words_B = [*first.evidence.unknown_words_B, *second.evidence.unknown_words_B]
    np.testing.assert_array_equal(joined.evidence.unknown_words_B, unknown_words_B)


def test_intents_that_a_network_did_not_know_are_its_least_likely_and_never_true() -> None:
    known = answers(6, FEWER)
    known.data.true_B[0] = NO_LABEL
    data = known.of(LABELS).data
    names = [None if one == NO_LABEL else FEWER.intents[one] for one in known.data.true_B]
    assert [None if one == NO_LABEL else LABELS.intents[one] for one in data.true_B] == names
    assert [LABELS.intents[one] for one in data.chosen_B] == [
        FEWER.intents[one] for one in known.data.chosen_B
    ]
    np.testing.assert_array_equal(data.log_probs_BI[:, [1, 3, 5]], known.data.log_probs_BI)
    np.testing.assert_array_equal(data.log_probs_BI[:, 0], known.data.log_probs_BI.min(axis=1))
