"""A corpus through a parser: a frame of each example in the corpus's order, and what was refused as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from polyparse.corpora.example import Example, TextSpan
from polyparse.evaluation.evaluate import answer, measure, served_locale
from polyparse.evaluation.measures import Counts, report, score
from polyparse.inference.parser import Parser
from polyparse.runtime.load import load
from tests.bundles import write_bundle
from tests.polyparse.inference.test_pipeline import MODELS, VECTORIZER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.contract.frame import Frame

TEXTS = ("kitchen lights today", "wake me", "luces", "wake me at seven", "apaga las luces de la cocina")
REFUSED = {"\u200d": "blank_text", "wake\x07": "control_character", "x" * 10_001: "text_too_long"}


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Parser:
    return load(write_bundle(tmp_path_factory.mktemp("models") / "words" / "1"), device="cpu").parser


def example_of(text: str, locale: str = "en-US", *, intent: str = "alarm_set") -> Example:
    domain = {"alarm_set": "alarm", "lights_off": "iot"}[intent]
    return Example("1", text, locale, "dev", domain, intent, ())


def intents_of(frames: Sequence[Frame]) -> list[str | None]:
    return [None if frame.intent is None else frame.intent.name for frame in frames]


def test_frames_come_in_the_order_of_the_examples(parser: Parser) -> None:
    frames, codes = answer(parser, [example_of(text) for text in TEXTS])
    assert [frame.text for frame in frames] == list(TEXTS)
    assert intents_of(frames) == ["lights_off", "alarm_set", "lights_off", "alarm_set", "lights_off"]
    assert not codes


def test_a_text_that_is_refused_has_nothing_in_its_frame_and_is_counted_by_its_code(parser: Parser) -> None:
    texts = ["wake me", *REFUSED, "luces", "\u200d"]
    frames, codes = answer(parser, [example_of(text) for text in texts])
    assert intents_of(frames) == ["alarm_set", None, None, None, "lights_off", None]
    assert [frame.text for frame in frames] == texts
    assert codes == {"blank_text": 2, "control_character": 1, "text_too_long": 1}
    for frame in (*frames[1:4], frames[5]):
        assert (frame.domain, frame.slots, frame.confidence, frame.refused) == (None, (), 0.0, None)


def test_a_locale_that_is_not_served_is_answered_without_one(parser: Parser) -> None:
    locales = ("en-US", "es-MX", "fr-FR")
    frames, codes = answer(parser, [example_of("wake me", locale) for locale in locales])
    assert [frame.locale for frame in frames] == ["en-US", "es-ES", None]
    assert intents_of(frames) == ["alarm_set"] * 3
    assert not codes


def test_a_locale_is_served_by_language_or_else_by_none(parser: Parser) -> None:
    assert [served_locale(parser, locale) for locale in ("en-US", "en-GB", "fr-FR")] == [
        "en-US",
        "en-US",
        None,
    ]


def test_a_parser_without_locales_serves_any() -> None:
    assert served_locale(Parser(VECTORIZER, MODELS["soft"].pipeline()), "xx-XX") == "xx-XX"


def test_of_no_examples_there_are_no_frames(parser: Parser) -> None:
    assert answer(parser, []) == ([], {})


def test_counts_are_added_by_locale(parser: Parser) -> None:
    time = TextSpan("time", 11, 16)
    examples = [
        Example("1", "wake me at seven", "en-US", "dev", "alarm", "alarm_set", (time,)),
        example_of("luces", "es-ES", intent="lights_off"),
        example_of("luces", "en-US"),
    ]
    frames, _ = answer(parser, examples)
    one, two, three = (score(*each) for each in zip(examples, frames, strict=True))
    assert measure(examples, frames) == report({"en-US": one + three, "es-ES": two})
    assert measure(examples, frames)["locales"]["en-US"]["exact_match"] == 0.5
    assert measure([], []) == report({})
    assert measure([], [])["mean"]["utterances"] == Counts().utterances


def test_each_example_has_one_frame(parser: Parser) -> None:
    frames, _ = answer(parser, [example_of("wake me")])
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        measure([example_of("wake me"), example_of("luces")], frames)
