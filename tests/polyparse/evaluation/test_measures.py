"""One frame against one example; counts that add up; ratios and means that come last."""

from __future__ import annotations

from dataclasses import fields
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyparse.contract.frame import Choice, Frame, Slot
from polyparse.corpora.read import Example, TextSpan
from polyparse.evaluation.measures import MEASURES, Counts, measures, report, score

TEXT = "play the  blue song at nine am"
GOLD = Example(
    "1", TEXT, "en-US", "dev", "play", "play_music", (TextSpan("song", 10, 19), TextSpan("time", 23, 30))
)


def frame(
    *spans: tuple[str, int, int],
    domain: str | None = "play",
    intent: str | None = "play_music",
    text: str = TEXT,
) -> Frame:
    slots = tuple(Slot(name, text[start:end], start, end, 0.5) for name, start, end in spans)
    choices = [None if name is None else Choice(name, 0.5) for name in (domain, intent)]
    return Frame(text, "en-US", choices[0], choices[1], slots, 0.5)


SONG, TIME = ("song", 10, 19), ("time", 23, 30)


@pytest.mark.parametrize(
    ("answer", "domain", "intent", "exact", "whole"),
    [
        (frame(SONG, TIME), 1, 1, 1, 1),
        (frame(TIME, SONG), 1, 1, 1, 1),
        (frame(SONG, TIME, domain="iot"), 0, 1, 1, 0),
        (frame(SONG, TIME, domain=None), 0, 1, 1, 0),
        (frame(SONG, TIME, intent="play_radio"), 1, 0, 0, 0),
        (frame(SONG, TIME, intent=None), 1, 0, 0, 0),
        (frame(SONG), 1, 1, 0, 0),
        (frame(SONG, TIME, ("date", 0, 4)), 1, 1, 0, 0),
        (frame(("name", 10, 19), TIME), 1, 1, 0, 0),
        (frame(("song", 9, 20), TIME), 1, 1, 1, 1),  # white space at the edges
        (frame(("song", 12, 17), TIME), 1, 1, 1, 0),  # covers its tokens in part
        (frame(("song", 10, 14), ("song", 15, 19), TIME), 1, 1, 1, 0),  # adjacent, one slot
        (frame(("song", 10, 14), TIME), 1, 1, 0, 0),
    ],
)
def test_a_frame_is_right_in_its_parts(
    answer: Frame, domain: int, intent: int, exact: int, whole: int
) -> None:
    counts = score(GOLD, answer)
    assert (counts.domains_right, counts.intents_right) == (domain, intent)
    assert (counts.exact_right, counts.frames_right) == (exact, whole)


def test_what_a_corpus_does_not_have_is_not_judged() -> None:
    gold = Example("1", TEXT, "en-US", "dev", None, None, GOLD.slots)
    assert measures(score(gold, frame(SONG, TIME))) == {
        "domain_accuracy": None,
        "intent_accuracy": None,
        "slot_f1": 1.0,
        "exact_match": 1.0,
        "frame_accuracy": 1.0,
        "semer": 0.0,
        "utterances": 1,
    }


def test_every_count_of_one_utterance() -> None:
    assert score(GOLD, frame(SONG, ("date", 23, 30), domain="iot", intent="play_radio")) == Counts(
        utterances=1,
        domains=1,
        domains_right=0,
        intents=1,
        intents_right=0,
        slots_true=2,
        slots_predicted=2,
        slots_right=1,
        exact_right=0,
        frames_right=0,
        semer_errors=2,
        semer_reference=3,
    )


def test_a_frame_of_another_text_is_refused() -> None:
    with pytest.raises(ValueError, match=r"found a frame of 'stop', expected one of 'play .* \(example 1\)"):
        score(GOLD, frame(text="stop"))


COUNTS = st.builds(Counts, **{field.name: st.integers(0, 1000) for field in fields(Counts)})


@given(COUNTS, COUNTS, COUNTS)
def test_counts_add_in_any_order_and_none_is_zero(a: Counts, b: Counts, c: Counts) -> None:
    assert (a + b) + c == c + (b + a)
    assert a + Counts() == a
    assert (a + b).slots_right == a.slots_right + b.slots_right


def test_measures_are_ratios_of_the_sums() -> None:
    counts = Counts(
        utterances=10,
        domains=10,
        domains_right=9,
        intents=10,
        intents_right=8,
        slots_true=6,
        slots_predicted=4,
        slots_right=3,
        exact_right=7,
        frames_right=5,
        semer_errors=4,
        semer_reference=16,
    )
    assert measures(counts) == {
        "domain_accuracy": 0.9,
        "intent_accuracy": 0.8,
        "slot_f1": 0.6,
        "exact_match": 0.7,
        "frame_accuracy": 0.5,
        "semer": 0.25,
        "utterances": 10,
    }


def test_of_nothing_there_is_nothing_to_measure() -> None:
    assert set(measures(Counts()).values()) == {None, 0}


def test_every_measure_says_what_it_is_and_the_most_telling_comes_first() -> None:
    assert list(MEASURES) == [
        "exact_match",
        "intent_accuracy",
        "slot_f1",
        "domain_accuracy",
        "frame_accuracy",
        "semer",
    ]
    assert len({measure.title for measure in MEASURES.values()}) == len(MEASURES)
    assert all(measure.meaning for measure in MEASURES.values())
    assert [key for key, measure in MEASURES.items() if measure.kind == "rate"] == ["semer"]


@given(COUNTS)
def test_a_measure_has_one_value_however_it_is_asked_for(counts: Counts) -> None:
    assert measures(counts) == {
        **{key: measure.of(counts) for key, measure in MEASURES.items()},
        "utterances": counts.utterances,
    }


@pytest.mark.parametrize("frames", list(permutations(["right", "wrong", "slotless"])))
def test_the_counts_of_a_corpus_do_not_depend_on_its_order(frames: tuple[str, ...]) -> None:
    answers = {
        "right": frame(SONG, TIME),
        "wrong": frame(SONG, ("date", 23, 30), domain="iot", intent="play_radio"),
        "slotless": frame(),
    }
    total = sum((score(GOLD, answers[name]) for name in frames), start=Counts())
    assert measures(total) == {
        "exact_match": pytest.approx(1 / 3),
        "intent_accuracy": pytest.approx(2 / 3),
        "slot_f1": pytest.approx(2 * 3 / (6 + 4)),
        "domain_accuracy": pytest.approx(2 / 3),
        "frame_accuracy": pytest.approx(1 / 3),
        "semer": pytest.approx(4 / 9),
        "utterances": 3,
    }


def test_the_mean_weighs_locales_alike_and_sums_utterances() -> None:
    actual = report(
        {
            "en-US": Counts(utterances=100, intents=100, intents_right=100, exact_right=50),
            "th-TH": Counts(utterances=10, intents=10, intents_right=5, exact_right=1),
        }
    )
    assert list(actual) == ["locales", "mean"]
    assert list(actual["locales"]) == ["en-US", "th-TH"]
    assert actual["locales"]["th-TH"]["intent_accuracy"] == 0.5
    assert actual["mean"]["intent_accuracy"] == 0.75
    assert actual["mean"]["exact_match"] == pytest.approx(0.3)
    assert actual["mean"]["utterances"] == 110
    assert actual["mean"]["domain_accuracy"] is None
    assert actual["mean"].keys() == actual["locales"]["en-US"].keys()


def test_a_locale_with_nothing_to_measure_does_not_pull_the_mean() -> None:
    actual = report({"a": Counts(utterances=1, domains=1, domains_right=1), "b": Counts(utterances=1)})
    assert actual["mean"]["domain_accuracy"] == 1.0
