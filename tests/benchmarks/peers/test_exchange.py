"""Examples and answers come back from their files as they were, and tags stand for the spans that they were made of."""

from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.peers.inside.exchange import (
    Answer,
    Example,
    Span,
    read_answers,
    read_examples,
    write_answers,
    write_examples,
)
from benchmarks.peers.inside.tokens import spans, tags, tokens

ANSWER = Answer("lights_off", (Span("place", 0, 6), Span("time", 7, 10)))


def test_examples_and_answers_come_back(tmp_path: Path) -> None:
    """Also with a line end of Unicode inside, which is none of a file's."""
    examples = [Example("cocina\u2028सात", "es-ES", ANSWER), Example('"', "hi-IN", Answer("", ()))]
    write_examples(examples, tmp_path / "examples.jsonl")
    assert read_examples(tmp_path / "examples.jsonl") == examples
    write_answers([ANSWER, Answer("x", ())], tmp_path / "answers.jsonl")
    assert read_answers(tmp_path / "answers.jsonl") == [ANSWER, Answer("x", ())]


@given(labels=st.lists(st.sampled_from(["", "place", "time"]), max_size=9))
def test_tags_give_back_the_spans_that_they_were_made_of(labels: list[str]) -> None:
    text = " ".join("ab" for _ in labels)
    actual = tokens(text)
    true: list[Span] = []
    for label, run in groupby(zip(labels, actual, strict=True), key=lambda pair: pair[0]):
        covered = [token for _, token in run]
        true += [Span(label, covered[0].start, covered[-1].end)] if label else []
    assert spans(actual, tags(actual, true)) == tuple(true)


def test_a_span_inside_a_word_tags_the_word() -> None:
    actual = tokens("l'ora esatta")
    assert tags(actual, [Span("time", 2, 5)]) == ["B-time", "O"]


@pytest.mark.parametrize(
    ("tagged", "expected"),
    [
        (["B-a", "B-a"], (Span("a", 0, 1), Span("a", 2, 3))),
        (["I-a", "I-a"], (Span("a", 0, 3),)),
        (["B-a", "I-b"], (Span("a", 0, 1), Span("b", 2, 3))),
        (["O", "I-b"], (Span("b", 2, 3),)),
    ],
)
def test_neighbours_are_one_span_only_where_the_second_goes_on(
    tagged: list[str], expected: tuple[Span, ...]
) -> None:
    assert spans(tokens("x y"), tagged) == expected
