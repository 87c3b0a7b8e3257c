"""The figures of negation: shares of the phrases, with and without the screen, and of dev."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchmarks.negation import TARGETS, cost, of_dev, of_phrases
from polyparse.contract.frame import Utterance
from polyparse.corpora.example import Example
from polyparse.evaluation.negation_phrases import LOCALES
from polyparse.inference.negation import CUE, NegationScreen
from polyparse.runtime.load import load
from polyparse.text.features import word_hash
from tests.bundles import write_bundle

if TYPE_CHECKING:
    from polyparse.inference.parser import Parser

CUES = ("not", "don't", "no")


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Parser:
    folder = write_bundle(tmp_path_factory.mktemp("models") / "words" / "1")
    return load(folder, device="cpu").parser


def screen(bias: float) -> NegationScreen:
    """One that says the same of every text with one of CUES."""
    return NegationScreen(
        words_W=np.array([word_hash(cue) for cue in CUES], dtype=np.uint32),
        kinds_W=np.full(len(CUES), CUE, dtype=np.uint8),
        hashes_F=np.zeros(0, dtype=np.uint32),
        weights_F=np.zeros(0, dtype=np.float16),
        bias=bias,
        threshold=0.5,
    )


def test_a_screen_that_refuses_every_cue_heeds_more_and_keeps_less(
    parser: Parser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.negation.LOCALES", ("en-US", "es-ES"))
    none, every = of_phrases(parser, screen(-9.0)), of_phrases(parser, screen(9.0))
    for locale in ("en-US", "es-ES"):
        assert none[f"lookalikes_kept_{locale}"] == 1.0
        assert none[f"negated_heeded_{locale}"] == none[f"negated_heeded_alone_{locale}"] < 1.0
        assert every[f"negated_heeded_{locale}"] > every[f"negated_heeded_alone_{locale}"]
        assert every[f"lookalikes_kept_{locale}"] < 0.5
        assert every[f"closings_idle_{locale}"] > none[f"closings_idle_{locale}"]


def test_dev_is_lost_where_the_screen_refuses_what_was_right(parser: Parser) -> None:
    dev = [
        Example(text, text, "en-US", "dev", None, intent, ())
        for text, intent in (
            ("wake me not at seven", "alarm_set"),
            ("wake me not today", "lights_off"),
            ("wake me at seven", "alarm_set"),
            ("lights", "lights_off"),
        )
    ]
    assert of_dev(parser, screen(9.0), dev) == {
        "dev_lost": 0.25,
        "dev_refused": 0.5,
        "dev_with_cue": 2,
        "dev_with_cue_changed": 2,
    }
    assert of_dev(parser, screen(-9.0), dev)["dev_refused"] == 0.0


def test_a_screen_costs_bytes_and_time(parser: Parser) -> None:
    figures = cost(parser, screen(0.0), [Utterance("wake me at seven"), Utterance("do not wake me")])
    assert 0 < figures["screen_bytes"] < TARGETS["screen_bytes"].bound
    assert figures["us_with_cue"] > 0.0
    assert figures["us_without_cue"] > 0.0


def test_every_locale_has_its_targets() -> None:
    assert {
        f"{key}_{locale}" for key in ("negated_heeded", "lookalikes_kept") for locale in LOCALES
    } < TARGETS.keys()
