"""Which utterances become golden: written ones where they suit the model, else its own dev's; decisions with a margin."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from model_export.bundle.golden_frames import (
    MAX_PER_LOCALE,
    MIN_CONFIDENCE,
    PER_LOCALE,
    choose_golden,
    without_refused,
    without_unstable,
)
from model_export.bundle.golden_utterances import LOCALES, load
from polyparse.bundle.golden import TOLERANCE
from polyparse.contract.frame import Choice, Frame, Slot, Utterance
from polyparse.corpora.example import Example
from polyparse.errors import GateFailed
from polyparse.inference.ood import OodScore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from polyparse.bundle.golden import Golden

FILE = Path("bundle")


def choose(
    confidence: Callable[[str], float],
    *,
    locales: Sequence[str],
    dev: Sequence[str] = (),
    written: bool = False,
) -> list[Golden]:
    """The golden frames of a model that is as confident of a text as `confidence` says; dev is in every locale."""

    def answer(utterances: Sequence[Utterance]) -> list[Frame]:
        return [
            Frame(
                text=each.text,
                locale=each.locale,
                domain=Choice("alarm", 0.9),
                intent=Choice("alarm_set", 0.9),
                slots=(Slot("time", each.text[:4], 0, 4, 0.8),),
                confidence=confidence(each.text),
            )
            for each in utterances
        ]

    examples = [
        Example(str(number), text, locale, "dev", "alarm", "alarm_set", ())
        for locale in locales
        for number, text in enumerate(dev)
    ]
    return choose_golden(answer, locales, examples, written=written, file=FILE)


def numbered(n_texts: int) -> list[str]:
    return [f"text {number:03}" for number in range(n_texts)]


def test_written_utterances_stand_in_the_order_of_their_files() -> None:
    actual = choose(lambda _text: 0.9, locales=LOCALES, written=True)
    expected = [(locale, text) for locale in LOCALES for text in load(locale)[:MAX_PER_LOCALE]]
    assert [(golden.locale, golden.text) for golden in actual] == expected


def test_a_golden_frame_is_what_the_model_answered() -> None:
    (actual,) = choose(lambda _text: 0.87654321, locales=["en-US"], dev=["wake me"])
    assert (actual.domain, actual.intent, actual.slots) == ("alarm", "alarm_set", (("time", 0, 4),))
    assert actual.confidence == 0.876543


def test_a_written_utterance_without_margin_is_left_out() -> None:
    doubtful = set(load("it-IT")[::4])
    actual = choose(
        lambda text: MIN_CONFIDENCE - 0.001 if text in doubtful else MIN_CONFIDENCE,
        locales=["it-IT"],
        written=True,
    )
    expected = [text for text in load("it-IT") if text not in doubtful]
    assert [golden.text for golden in actual] == expected[:MAX_PER_LOCALE]


def test_too_few_written_utterances_with_margin_fail_the_gate() -> None:
    remaining = set(load("hi-IN")[: PER_LOCALE - 1])
    message = (
        f"found {PER_LOCALE - 1} of hi-IN with confidence {MIN_CONFIDENCE} or more, expected {PER_LOCALE}"
    )
    with pytest.raises(GateFailed, match=message):
        choose(lambda text: float(text in remaining), locales=["hi-IN"], written=True)
    remaining.add(load("hi-IN")[-1])
    assert len(choose(lambda text: float(text in remaining), locales=["hi-IN"], written=True)) == PER_LOCALE


@pytest.mark.parametrize("written", [True, False])
def test_a_locale_without_written_utterances_has_those_of_its_dev(written: bool) -> None:
    actual = choose(lambda _text: 0.9, locales=["fr-FR"], dev=["un", "deux"], written=written)
    assert [(golden.locale, golden.text) for golden in actual] == [("fr-FR", "un"), ("fr-FR", "deux")]


def test_a_model_of_other_domains_has_its_dev_and_not_what_was_written() -> None:
    actual = choose(lambda _text: 0.9, locales=["en-US"], dev=["one", "two", "one"])
    assert [golden.text for golden in actual] == ["one", "two"]


def test_of_dev_what_no_caller_may_send_is_left_out() -> None:
    texts = ["wake me", "wake\x07 me", " ", "", "a" * 10_001]
    frames = choose(lambda _text: 0.9, locales=["en-US"], dev=texts)
    assert [frame.text for frame in frames] == ["wake me"]


def test_of_dev_the_first_with_margin_are_taken() -> None:
    """And not the most certain of all, which would be the shortest, with hardly a slot in them."""
    texts = numbered(60)
    actual = choose(
        lambda text: 0.99 if text >= "text 030" else 0.8 if text >= "text 010" else 0.1,
        locales=["en-US"],
        dev=texts,
    )
    assert [golden.text for golden in actual] == texts[10 : 10 + PER_LOCALE]


def test_where_dev_has_too_few_with_margin_the_most_certain_make_up_the_number() -> None:
    texts = numbered(60)
    actual = choose(lambda text: int(text[-3:]) / 100, locales=["en-US"], dev=texts)
    assert [golden.text for golden in actual] == texts[: -PER_LOCALE - 1 : -1]


@pytest.mark.parametrize("locales", [["en-US"], []])
def test_a_model_without_any_golden_utterance_fails_the_gate(locales: list[str]) -> None:
    with pytest.raises(GateFailed, match="golden frames: found none, expected at least one"):
        choose(lambda _text: 1.0, locales=locales)


def test_a_frame_keeps_its_locale() -> None:
    actual = choose(lambda _text: 0.9, locales=["en-US", "es-ES"], dev=["no"])
    assert [replace(golden, locale=None) for golden in actual[:1]] == [replace(actual[1], locale=None)]
    assert [golden.locale for golden in actual] == ["en-US", "es-ES"]


def test_what_is_refused_or_nearly_is_no_golden_utterance() -> None:
    scores = {"in": 0.1, "in too": 0.44, "near": 0.46, "out": 0.9}

    def answer(utterances: Sequence[Utterance]) -> list[Frame]:
        return [
            Frame(each.text, None, None, None, (), 0.9, out_of_domain=scores[each.text])
            for each in utterances
        ]

    ood = OodScore(threshold=0.5, weights={}, bias=0.0)
    remaining = without_refused(answer, ood)([Utterance(text) for text in scores])
    assert [frame.text for frame in remaining] == ["in", "in too"]
    everything = without_refused(answer, None)([Utterance(text) for text in scores])
    assert [frame.text for frame in everything] == list(scores)


def framed(text: str, confidence: float, *, intent: str = "alarm_set", end: int = 4) -> Frame:
    slots = (Slot("time", text[:end], 0, end, 0.8),)
    return Frame(text, "en-US", Choice("alarm", 0.9), Choice(intent, 0.9), slots, confidence)


def test_what_the_shipped_bytes_answer_otherwise_is_left_out() -> None:
    """By another intent or span, or a confidence that is half of the tolerance away."""
    whole = {text: framed(text, 0.8) for text in numbered(5)}
    rounded = [
        framed("text 000", 0.8 + 0.4 * TOLERANCE),
        framed("text 001", 0.8 - 0.6 * TOLERANCE),
        framed("text 002", 0.8, intent="alarm_query"),
        framed("text 003", 0.8, end=3),
        framed("text 004", 0.8),
    ]
    shipped = {frame.text: frame for frame in rounded}
    clear = without_unstable(
        lambda utterances: [whole[each.text] for each in utterances],
        lambda utterances: [shipped[each.text] for each in utterances],
    )
    actual = clear([Utterance(text, "en-US") for text in whole])
    assert actual == [whole["text 000"], whole["text 004"]]
