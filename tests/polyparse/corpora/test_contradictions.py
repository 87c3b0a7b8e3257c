"""Contradictory intents: who is in a group, who bears witness, and that a group counts as much as before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from polyparse.corpora.contradictions import Contradiction, contradictions, weighed
from polyparse.corpora.example import Example
from polyparse.schema import override
from tests.train.corpus import examples
from tests.train.corpus import write_massive as write
from train.checkpoint import Checkpoint
from train.cli.texts import Corpora, texts_of
from train.recipes import RECIPES

if TYPE_CHECKING:
    from pathlib import Path


def said(id_: str, text: str, intent: str | None, locale: str = "en-US") -> Example:
    return Example(id_, text, locale, "train", "iot" if intent else None, intent, ())


LIGHTS = [
    said("1", "turn it off", "lights"),
    said("2", "Turn it off", "plug"),
    said("3", "turn it on", "plug"),
]
SPANISH = [
    said("1", "apágala", "lights", "es-ES"),
    said("2", "apágala", "plug", "es-ES"),
    *(said(number, "apágala", "lights", "es-ES") for number in "456"),
]


def test_without_translations_every_intent_counts_as_often_as_it_is_there() -> None:
    (found,) = contradictions(LIGHTS)
    assert [example.id for example in found.examples] == ["1", "2"]
    assert found.shares == {"lights": 0.5, "plug": 0.5}
    assert weighed(LIGHTS) == LIGHTS


def test_a_wrong_label_is_corrected_by_who_says_the_same() -> None:
    (found,) = (one for one in contradictions([*LIGHTS], SPANISH))
    assert found.votes == [{"lights": 3}, {"lights": 3}]
    assert found.shares == {"lights": (1 + 3 / 4) / 2, "plug": 1 / 4 / 2}
    assert found.weights == {"lights": 1.75, "plug": 0.25}
    assert [one.intent_weight for one in weighed(LIGHTS, SPANISH)] == [1.75, 0.25, 1.0]


def test_a_wrong_translation_is_outvoted_by_its_group_however_many_say_what_was_meant() -> None:
    """Number 3 was meant to be dimmed, as seven others say in Italian: that is no evidence about the English text."""
    english = [said("1", "lights out", "off"), said("2", "lights out", "off"), said("3", "lights out", "dim")]
    italian = [said(number, "abbassa le luci", "dim", "it-IT") for number in "3456789"]
    (found,) = contradictions(english, italian)
    assert found.votes == [{}, {}, {"dim": 6}]
    assert found.shares == pytest.approx({"off": 2 / 3, "dim": 1 / 3})
    assert weighed(english, italian) == english


def test_a_witness_counts_once_in_however_many_locales_it_says_the_same() -> None:
    italian = [said("2", "spegnila", "plug", "it-IT"), said("4", "spegnila", "lights", "it-IT")]
    (found,) = contradictions(LIGHTS, [*SPANISH, *italian])
    assert found.votes == [{"lights": 3}, {"lights": 3}]


def test_nobody_bears_witness_for_himself_nor_for_an_intent_that_the_group_lacks() -> None:
    translations = [
        said("1", "spegni", "lights", "it-IT"),
        said("2", "spegni", "plug", "it-IT"),
        said("4", "spegni", "alarm", "it-IT"),
    ]
    (found,) = contradictions(LIGHTS, translations)
    assert found.votes == [{}, {}]


def test_contradictions_are_those_of_the_examples_which_bear_witness_in_each_others_locales() -> None:
    found = contradictions([*LIGHTS, *SPANISH])
    assert [one.examples[0].locale for one in found] == ["en-US", "es-ES"]
    assert found[1].votes == [{}, {}, {}, {}, {}]  # in English they stand alone, or in the same group


def test_the_weights_of_a_group_sum_to_its_size() -> None:
    group = [said(str(number), "x", intent) for number, intent in enumerate("aaab")]
    found = Contradiction(group, [{"b": 7}, {}, {"a": 2, "b": 1}, {}])
    assert sum(found.weights[one.intent or ""] for one in group) == pytest.approx(4)
    assert found.shares["b"] == pytest.approx((7 / 8 + 0 + 1 / 4 + 1) / 4)


def test_utterances_without_an_intent_take_no_part() -> None:
    assert contradictions([said("1", "x", None), said("2", "x", None), said("3", "x", "a")]) == []


def test_a_run_that_weighs_reads_the_translations_of_what_it_learns_and_others_do_not(tmp_path: Path) -> None:
    """Number 20 says what number 7 says, under another intent, also in Italian, which is not learnt; so does a third."""
    spec = write(tmp_path / "corpus")
    for locale, text in (("en-US", "turn the volume up"), ("it-IT", "alza il volume")):
        row = {
            "id": "20",
            "partition": "train",
            "scenario": "alarm",
            "intent": "alarm_set",
            "utt": text,
            "annot_utt": text,
        }
        with (tmp_path / "corpus" / f"{locale}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
    row = {
        "id": "21",
        "partition": "train",
        "scenario": "music",
        "intent": "music_louder",
        "utt": "alza il volume",
        "annot_utt": "alza il volume",
    }
    with (tmp_path / "corpus" / "it-IT.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    corpora, checkpoint = Corpora(spec, ["en-US"], ()), Checkpoint(tmp_path / "run")
    keeps, weighs = (
        texts_of(override(RECIPES["stm"](), [f"data.contradictions={how}"]), corpora, checkpoint, quiet=True)
        for how in ("keep", "weigh")
    )
    assert {one.intent_weight for one in keeps.train} == {1.0}
    weights = {one.id: one.intent_weight for one in weighs.train if one.intent_weight != 1.0}
    assert weights == pytest.approx({"7": 1.5, "20": 0.5})
    assert weighs.translations == ()
    assert len(keeps.train) == len(weighs.train) == sum(one.locale == "en-US" for one in examples()) + 1
