"""Peers are scored as polyparse is: by polyparse.evaluation.measures, the mean over locales."""

import pytest

from benchmarks.errors import MeasurementFailed
from benchmarks.peers.inside.exchange import Answer, Span
from benchmarks.peers.score import scores
from polyparse.corpora.read import Example, TextSpan


def example(locale: str) -> Example:
    return Example("1", "wake me at seven", locale, "dev", "alarm", "alarm_set", (TextSpan("time", 11, 16),))


RIGHT = Answer("alarm_set", (Span("time", 11, 16),))
WRONG_INTENT = Answer("lights_off", RIGHT.spans)
NO_SLOT = Answer("alarm_set", ())


def test_exact_match_wants_intent_and_all_slots_and_each_locale_weighs_the_same() -> None:
    examples = [example(locale) for locale in ("en-US", "en-US", "es-ES")]
    actual = scores(examples, [RIGHT, WRONG_INTENT, RIGHT])
    assert actual == {"exact_match": 0.75, "intent_accuracy": 0.75, "slot_f1": 1.0}


def test_a_slot_that_is_missed_costs_f1_and_exact_match() -> None:
    actual = scores([example("en-US")] * 2, [NO_SLOT, RIGHT])
    assert actual["exact_match"] == 0.5
    assert actual["slot_f1"] == pytest.approx(2 / 3)
    assert actual["intent_accuracy"] == 1.0


def test_every_utterance_has_one_answer() -> None:
    with pytest.raises(MeasurementFailed, match="found 1 answers to 2 utterances"):
        scores([example("en-US")] * 2, [RIGHT])


@pytest.mark.parametrize("span", [Span("time", 3, 3), Span("time", -1, 4), Span("time", 11, 17)])
def test_a_span_outside_of_its_text_is_refused(span: Span) -> None:
    with pytest.raises(MeasurementFailed, match="expected a span within 16 characters"):
        scores([example("en-US")], [Answer("alarm_set", (span,))])
