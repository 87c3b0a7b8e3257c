"""Breakdowns: every part adds up to the measures of the whole, and each error is of the kind that it looks like."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyparse.contract.frame import Choice, Frame, Slot
from polyparse.corpora.read import Example, TextSpan
from polyparse.evaluation.breakdown import (
    SlotErrors,
    by_errors,
    cases_with_slot_errors,
    confusions,
    counts_by,
    most_confident,
    slot_errors,
)
from polyparse.evaluation.evaluate import Case
from polyparse.evaluation.measures import Counts, score

TEXT = "wake me at seven on monday morning"
WORDS = ((0, 4), (5, 7), (8, 10), (11, 16), (17, 19), (20, 26), (27, 34))
NAMES = ("date", "time", "place")
LOCALES = ("en-US", "es-ES", "hi-IN")

Spans = tuple[tuple[str, int, int], ...]


def case_of(
    true: Spans = (),
    actual: Spans = (),
    *,
    intents: tuple[str | None, str | None] = ("set", "set"),
    domains: tuple[str | None, str | None] = ("alarm", "alarm"),
    locale: str = "en-US",
    confidence: float = 0.5,
) -> Case:
    """Spans are (name, first word, last word + 1); intents and domains are (true, found)."""
    chars = [
        [(name, WORDS[first][0], WORDS[end - 1][1]) for name, first, end in spans] for spans in (true, actual)
    ]
    example = Example(
        "1", TEXT, locale, "dev", domains[0], intents[0], tuple(TextSpan(*span) for span in chars[0])
    )
    slots = tuple(Slot(name, TEXT[start:end], start, end, 1.0) for name, start, end in chars[1])
    domain, intent = (None if name is None else Choice(name, 1.0) for name in (domains[1], intents[1]))
    return Case(example, Frame(TEXT, locale, domain, intent, slots, confidence))


@st.composite
def spans(draw: st.DrawFn) -> Spans:
    ends = sorted(draw(st.sets(st.integers(0, len(WORDS)), max_size=6)))
    pairs = zip(ends[::2], ends[1::2], strict=False)
    return tuple((draw(st.sampled_from(NAMES)), first, end) for first, end in pairs)


choices = st.sampled_from(["set", "cancel", None])
cases = st.lists(
    st.builds(
        lambda true, actual, label, other, locale, confidence: case_of(
            true, actual, intents=(label, other), domains=(label, other), locale=locale, confidence=confidence
        ),
        spans(),
        spans(),
        st.sampled_from(["set", "cancel"]),
        choices,
        st.sampled_from(LOCALES),
        st.floats(0, 1),
    ),
    max_size=8,
)


def total(counts: list[Counts]) -> Counts:
    actual = Counts()
    for one in counts:
        actual += one
    return actual


@given(cases)
def test_slots_add_up_to_the_spans_that_slot_f1_counts(sample: list[Case]) -> None:
    whole = total([score(*case) for case in sample])
    errors = slot_errors(sample).values()
    assert sum(one.true for one in errors) == whole.slots_true
    assert sum(one.predicted for one in errors) == whole.slots_predicted
    assert sum(one.right for one in errors) == whole.slots_right


@given(cases)
def test_every_true_span_has_one_fate_and_every_extra_one_was_found(sample: list[Case]) -> None:
    for one in slot_errors(sample).values():
        assert one.true == one.right + one.missed + one.renamed + one.moved
        assert 0 <= one.extra <= one.predicted - one.right
        assert one.wrong == (one.true - one.right) + (one.predicted - one.right)


@given(cases)
def test_labels_add_up_to_the_whole(sample: list[Case]) -> None:
    whole = total([score(*case) for case in sample])
    assert total(list(counts_by(lambda example: example.intent, sample).values())) == whole
    assert total(list(counts_by(lambda example: example.domain, sample).values())) == whole


@given(cases)
def test_confusions_are_the_wrong_intents_the_most_frequent_first(sample: list[Case]) -> None:
    whole = total([score(*case) for case in sample])
    actual = confusions(sample)
    sizes = [len(confusion.cases) for confusion in actual]
    assert sum(sizes) == whole.intents - whole.intents_right
    assert sizes == sorted(sizes, reverse=True)
    assert len({(confusion.true, confusion.predicted) for confusion in actual}) == len(actual)


@given(cases)
def test_a_slot_is_mistaken_somewhere_where_it_has_errors_and_only_then(sample: list[Case]) -> None:
    for name, one in slot_errors(sample).items():
        assert bool(cases_with_slot_errors(sample, name)) == bool(one.wrong)


@pytest.mark.parametrize(
    ("true", "actual", "expected"),
    [
        ((("time", 3, 4),), (("time", 3, 4),), SlotErrors(1, 1, 1)),
        ((("time", 3, 4),), (), SlotErrors(1, missed=1)),
        ((("time", 3, 4),), (("date", 3, 5),), SlotErrors(1, renamed=1)),
        ((("time", 3, 4),), (("time", 2, 4),), SlotErrors(1, 1, moved=1)),
        ((), (("time", 3, 4),), SlotErrors(predicted=1, extra=1)),
        ((("date", 3, 4),), (("time", 3, 4),), SlotErrors(predicted=1, extra=1)),
        ((("time", 3, 7),), (("time", 3, 4), ("time", 5, 6)), SlotErrors(1, 2, moved=1)),
        ((("time", 3, 4), ("time", 5, 6)), (("time", 3, 6),), SlotErrors(2, 1, moved=2)),
    ],
)
def test_kinds_of_error(true: Spans, actual: Spans, expected: SlotErrors) -> None:
    assert slot_errors([case_of(true, actual)])["time"] == expected


def test_precision_recall_and_f1_of_a_slot() -> None:
    errors = SlotErrors(true=4, predicted=2, right=1)
    assert (errors.precision, errors.recall) == (0.5, 0.25)
    assert errors.f1 == pytest.approx(1 / 3)


def test_what_was_never_found_has_no_precision() -> None:
    errors = SlotErrors(true=1, missed=1)
    assert (errors.precision, errors.recall, errors.f1) == (None, 0.0, 0.0)


def test_slots_that_cost_the_most_come_first_whatever_their_f1() -> None:
    often, rarely = SlotErrors(true=100, predicted=100, right=90), SlotErrors(true=2, predicted=2)
    assert [name for name, _ in by_errors({"rarely": rarely, "often": often})] == ["often", "rarely"]


def test_an_utterance_that_was_given_no_intent_is_a_confusion_too() -> None:
    (confusion,) = confusions([case_of(intents=("set", None))])
    assert (confusion.true, confusion.predicted) == ("set", None)


def test_a_corpus_without_labels_has_nothing_to_break_down() -> None:
    sample = [case_of(intents=(None, None), domains=(None, None))]
    assert confusions(sample) == []
    assert counts_by(lambda example: example.intent, sample) == {}
    assert slot_errors(sample) == {}


@given(cases, st.integers(0, 10))
def test_telling_cases_take_the_locales_in_turn_and_the_surest_first(sample: list[Case], limit: int) -> None:
    chosen = most_confident(sample, limit)
    assert len(chosen) == min(limit, len(sample))
    for locale in LOCALES:
        mine = [case.frame.confidence for case in chosen if case.example.locale == locale]
        all_of_it = sorted(
            (case.frame.confidence for case in sample if case.example.locale == locale), reverse=True
        )
        assert mine == all_of_it[: len(mine)]
        if len(mine) < len(all_of_it):
            assert all(
                len(mine) >= sum(case.example.locale == other for case in chosen) - 1 for other in LOCALES
            )


def test_telling_cases_are_the_same_in_every_run() -> None:
    sample = [case_of(locale=locale, confidence=0.5) for locale in LOCALES * 3]
    assert most_confident(sample, 4) == most_confident([replace_frame(case) for case in sample], 4)


def replace_frame(case: Case) -> Case:
    return Case(replace(case.example), replace(case.frame))
