"""Other wordings of "on" and "off": particles keep their place, forms their mood, labels and slots what they say."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest

from polyparse.corpora.augmentation.everyday_words import (
    EverydayConfig,
    EverydayWords,
    reworded,
    with_everyday,
)
from polyparse.corpora.augmentation.switch_words import OPPOSITES, SENSES, WORDINGS, keys_of
from tests.polyparse.corpora.annotated import annotated, example_of

if TYPE_CHECKING:
    from polyparse.corpora.example import Example

LOCALES = {"en": "en-US", "es": "es-ES", "it": "it-IT", "hi": "hi-IN"}


def asked(text: str, intent: str, language: str = "en") -> Example:
    return replace(example_of(text, LOCALES[language]), intent=intent)


def all_of(example: Example, intent: str | None = None) -> set[str]:
    """Every form that some seed draws."""
    drawn = (reworded(example, Random(seed), intent=intent or example.intent) for seed in range(300))
    return {annotated(one) for one in drawn if one is not None}


@pytest.mark.parametrize(
    ("text", "intent", "language", "expected"),
    [
        (
            "turn the [house_place : kitchen] lights off please",
            "iot_hue_lightoff",
            "en",
            {
                "shut the [house_place : kitchen] lights off please",
                "kill the [house_place : kitchen] lights please",
                "put the [house_place : kitchen] lights out please",
            },
        ),
        (
            "turn off the lights in the [house_place : bathroom]",
            "iot_hue_lightoff",
            "en",
            {
                "cut the lights in the [house_place : bathroom]",
                "shut off the lights in the [house_place : bathroom]",
                "put out the lights in the [house_place : bathroom]",
            },
        ),
        ("turn it up", "audio_volume_up", "en", {"crank it up", "raise it", "make it louder"}),
        ("mute it", "audio_volume_mute", "en", {"silence it", "turn it off", "kill it"}),
        ("increase the volume", "audio_volume_up", "en", {"pump up the volume", "make the volume louder"}),
        (
            "dim the lights [change_amount : a bit]",
            "iot_hue_lightdim",
            "en",
            {"turn down the lights [change_amount : a bit]", "lower the lights [change_amount : a bit]"},
        ),
        ("puedes apagar la luz", "iot_hue_lightoff", "es", {"puedes quitar la luz", "puedes cortar la luz"}),
        ("apague la luz", "iot_hue_lightoff", "es", {"quite la luz", "desconecte la luz"}),
        ("alza il volume", "audio_volume_up", "it", {"aumenta il volume", "tira su il volume"}),
        (
            "puoi spegnere la luce",
            "iot_hue_lightoff",
            "it",
            {"puoi staccare la luce", "puoi chiudere la luce"},
        ),
        (
            "[house_place : रसोई] की लाइट बंद कर दो",
            "iot_hue_lightoff",
            "hi",
            {"[house_place : रसोई] की लाइट बुझा दो", "[house_place : रसोई] की लाइट ऑफ कर दो"},
        ),
        ("वॉल्यूम बढ़ाएँ", "audio_volume_up", "hi", {"वॉल्यूम तेज करें", "वॉल्यूम ज्यादा करें"}),
    ],
)
def test_a_wording_takes_the_place_of_another_of_its_sense(
    text: str, intent: str, language: str, expected: set[str]
) -> None:
    example = asked(text, intent, language)
    drawn = all_of(example)
    assert expected <= drawn
    assert text not in drawn


@pytest.mark.parametrize(
    ("text", "intent", "wrong"),
    [
        ("turn off the lights in the bathroom", "iot_hue_lightoff", "put the lights in the bathroom out"),
        ("kill it", "iot_hue_lightoff", "turn off it"),
        ("increase the volume to the very top", "audio_volume_up", "make the volume to the very top louder"),
    ],
)
def test_a_particle_has_no_place_but_that_of_the_old_one_or_behind_verb_and_pronoun(
    text: str, intent: str, wrong: str
) -> None:
    assert wrong not in all_of(asked(text, intent))


@pytest.mark.parametrize(
    ("text", "intent", "language"),
    [
        ("lights off", "iot_hue_lightoff", "en"),  # no verb
        (
            "turn the lights on and then the fan off",
            "iot_hue_lightoff",
            "en",
        ),  # the particle is another one's
        ("it is [player_setting : lower] now", "audio_volume_down", "en"),  # within a slot
        ("apaga la luz", "iot_hue_lightoff", "fr"),  # of no list
    ],
)
def test_what_has_no_known_wording_stays(text: str, intent: str, language: str) -> None:
    example = replace(asked(text, intent), locale=LOCALES.get(language, "fr-FR"))
    assert all_of(example) == set()


def test_what_is_undone_has_the_words_and_the_intent_of_the_opposite() -> None:
    example = asked("turn off the [house_place : kitchen] lights", "iot_hue_lightoff")
    drawn = all_of(example, "iot_hue_lighton")
    assert {"turn on the [house_place : kitchen] lights", "open the [house_place : kitchen] lights"} <= drawn


def test_the_more_frequent_of_two_opposites_becomes_the_other_and_equal_ones_stay() -> None:
    off, on = asked("turn off the light", "iot_hue_lightoff"), asked("turn on the light", "iot_hue_lighton")
    config = EverydayConfig(utterances=0.99, opposite=0.8)

    def intents(n_off: int, n_on: int) -> Counter[str | None]:
        corpus = [off] * n_off + [on] * n_on
        return Counter(one.intent for one in EverydayWords(corpus, config).draw(corpus, 1))

    assert 110 <= intents(200, 20)["iot_hue_lighton"] - 20 <= 175  # 0.8 x 0.9 of 200
    assert intents(100, 100) == {"iot_hue_lightoff": 100, "iot_hue_lighton": 100}
    assert intents(200, 0) == {"iot_hue_lightoff": 200}  # what no example has is not asked for


def test_the_seed_decides_others_are_not_touched_and_a_share_of_zero_changes_nothing() -> None:
    corpus = [asked("turn off the light", "iot_hue_lightoff"), asked("turn off the news", "news_query")] * 20
    words = EverydayWords(corpus, EverydayConfig(utterances=0.9))
    assert words.draw(corpus, 1) == words.draw(corpus, 1)
    assert words.draw(corpus, 1) != words.draw(corpus, 2)
    assert [one for one in words.draw(corpus, 1) if one.intent == "news_query"] == corpus[1::2]
    assert EverydayWords(corpus, EverydayConfig()).draw(corpus, 1) == corpus
    assert with_everyday(corpus, EverydayConfig()) == corpus
    more = with_everyday(corpus, EverydayConfig(utterances=0.9))
    assert more[: len(corpus)] == corpus
    assert {one.intent for one in more[len(corpus) :]} == {"iot_hue_lightoff"}


def test_every_sense_has_wordings_in_each_language_with_as_many_forms() -> None:
    for language in LOCALES:
        for sense in SENSES.values():
            wordings = WORDINGS[language, sense]
            assert len(wordings) >= 4
            assert len(set(wordings)) == len(wordings)
    assert {len(one.forms) for (language, _), of in WORDINGS.items() if language == "hi" for one in of} == {5}
    assert all(OPPOSITES[OPPOSITES[intent]] == intent for intent in OPPOSITES)


def test_no_wording_of_a_sense_is_one_of_its_opposite() -> None:
    for intent, other in OPPOSITES.items():
        for language in LOCALES:
            one, two = (
                {(keys_of(form), wording.particle) for wording in of for form in wording.forms}
                for of in (WORDINGS[language, SENSES[intent]], WORDINGS[language, SENSES[other]])
            )
            assert not one & two
