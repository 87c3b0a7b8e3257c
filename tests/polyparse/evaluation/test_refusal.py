"""What a threshold of the out-of-domain score refuses: shares of phrases by kind and topic, and what dev pays."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from polyparse.corpora.example import Example
from polyparse.evaluation.foreign_phrases import ForeignPhrase
from polyparse.evaluation.refusal import SHARES, Dev, caught, dev_of, table
from polyparse.runtime.load import load
from tests.bundles import edit_manifest, write_bundle

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.inference.parser import Parser

PHRASES = [
    ForeignPhrase("open the garage", "en-US", "task", "openings", is_seen=True),
    ForeignPhrase("book a hotel", "en-US", "task", "travel", is_seen=True),
    ForeignPhrase("prenota un albergo", "es-ES", "task", "travel", is_seen=False),
    ForeignPhrase("i love you", "en-US", "talk", "love", is_seen=True),
    ForeignPhrase("you are a parrot", "en-US", "talk", "birds", is_seen=False),
]
OWN = 0.65


@pytest.fixture
def parser(tmp_path: Path) -> Parser:
    """One whose score is the share of unknown words."""
    folder = write_bundle(tmp_path / "words" / "1")
    edit_manifest(folder, ood={"threshold": OWN, "weights": {"unknown_words": 1.0}, "bias": 0.0})
    return load(folder, device="cpu").parser


def example(text: str, intent: str) -> Example:
    return Example(text, text, "en-US", "dev", None, intent, ())


DEV = [
    example("wake me at seven", "alarm_set"),
    example("wake me", "alarm_set"),
    example("garage", "alarm_set"),
]


def test_shares_are_of_kinds_locales_and_topics() -> None:
    figures = caught(PHRASES, np.array([True, False, True, True, False]))
    assert figures["caught_task"] == pytest.approx(2 / 3)
    assert (figures["caught_task_seen"], figures["caught_task_unseen"]) == (0.5, 1.0)
    assert (figures["caught_task_en-US"], figures["caught_task_es-ES"]) == (0.5, 1.0)
    assert (figures["caught_talk"], figures["phrases_task"], figures["phrases_talk"]) == (0.5, 3, 2)


def test_dev_pays_for_the_score_and_for_screens() -> None:
    dev = Dev(
        scores_B=np.array([0.9, 0.2, 0.6, 0.1], dtype=np.float32),
        intent_right_B=np.array([True, True, False, True]),
        exact_B=np.array([False, True, False, True]),
        screened_B=np.array([False, True, False, False]),
    )
    assert dev.cost(0.5) == {
        "dev_refused": 0.75,
        "dev_refused_by_score": 0.5,
        "dev_intents_lost": 0.5,
        "dev_exact_lost": 0.25,
    }
    assert dev.cost(1.0)["dev_refused"] == 0.25


def test_dev_is_judged_by_frames_that_refuse_nothing(parser: Parser) -> None:
    """An utterance that the model refuses may be answered by its intent all the same: that is what a refusal loses."""
    dev = dev_of(parser, OWN, DEV)
    assert dev.intent_right_B.all()
    assert (dev.scores_B > OWN).tolist() == [False, False, True]
    assert not dev.screened_B.any()
    assert dev.cost(OWN)["dev_intents_lost"] == pytest.approx(1 / 3)


def test_the_table_has_the_models_own_threshold_and_refuses_less_with_each_row(parser: Parser) -> None:
    rows = table(parser, OWN, DEV, PHRASES)
    thresholds = [row.threshold for row in rows]
    assert OWN in thresholds
    assert thresholds == sorted(thresholds)
    assert len(rows) <= len(SHARES) + 1
    for lower, higher in pairwise(rows):
        assert lower[1:] >= higher[1:]
