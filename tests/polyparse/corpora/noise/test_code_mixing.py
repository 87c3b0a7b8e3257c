"""Code-mixing: values of the slot in other languages, the same utterance's first."""

from __future__ import annotations

from random import Random

from polyparse.corpora.example import Example, TextSpan
from polyparse.corpora.noise import kinds_of
from tests.train import corpus


def mixed(example: Example, examples: list[Example]) -> set[str]:
    noise = kinds_of(examples)["code_mixing"]
    actual = [noise(example, Random(seed)) for seed in range(60)]
    return {e.text for e in actual if e}


def test_the_value_is_how_another_language_says_the_same_utterance() -> None:
    utterances = corpus.examples()
    (example,) = (e for e in utterances if e.id == "1" and e.locale == "en-US")
    assert mixed(example, utterances) == {
        "wake me at siete y media",
        "wake me at sette e mezza",
        "wake me at साढ़े सात",
    }


def test_without_a_translation_any_other_language_s_value_of_the_slot_serves() -> None:
    utterances = [e for e in corpus.examples() if e.locale == "it-IT"]
    alone = Example("99", "wake me at nine", "en-US", "train", None, None, (TextSpan("time", 11, 15),))
    assert mixed(alone, [alone, *utterances]) == {"wake me at sette e mezza", "wake me at sei"}


def test_in_one_language_nothing_can_be_mixed() -> None:
    utterances = [e for e in corpus.examples() if e.locale == "it-IT"]
    assert not any(mixed(example, utterances) for example in utterances)


def test_a_slot_of_another_name_lends_nothing() -> None:
    utterances = [e for e in corpus.examples() if e.locale == "it-IT"]
    alone = Example("99", "call ann", "en-US", "train", None, None, (TextSpan("person", 5, 8),))
    assert mixed(alone, utterances) == set()
