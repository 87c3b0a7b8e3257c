"""Bracketed annotation becomes spans of the plain text, or an error that says where it does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyparse.corpora.readers.brackets import spans_of
from polyparse.corpora.readers.lines import Line
from polyparse.errors import CorpusError

LINE = Line(Path("xx-XX.jsonl"), 7, "")


def named(annotation: str, text: str) -> list[tuple[str, str]]:
    return [(span.name, text[span.start : span.end]) for span in spans_of(annotation, text, LINE)]


@pytest.mark.parametrize(
    ("annotation", "text", "expected"),
    [
        ("stop", "stop", []),
        ("wake me at [time : nine am]", "wake me at nine am", [("time", "nine am")]),
        ("[a : x] [b : y] z", "x y z", [("a", "x"), ("b", "y")]),
        ("[a : x][b : y]z", "xyz", [("a", "x"), ("b", "y")]),
        (
            "[date : 金曜日] の [time : 午前九時] に",
            "金曜日の午前九時に",
            [("date", "金曜日"), ("time", "午前九時")],
        ),
        ("  [ time  :  7:30  ] ", "7:30", [("time", "7:30")]),
        ("at [12:30] go", "at [12:30] go", []),
        ("play [song : foo [live] bar] now", "play foo [live] bar now", [("song", "foo [live] bar")]),
        ("play [song : [live] bar]", "play [live] bar", [("song", "[live] bar")]),
        ("send [emoji : :]]", "send :]", [("emoji", ":]")]),
        ("send [emoji : [:]", "send [:", [("emoji", "[:")]),
        ("call [who : नमस्ते]", "call नमस्ते", [("who", "नमस्ते")]),
        ("[a : same] [a : same]", "same  same", [("a", "same"), ("a", "same")]),
    ],
)
def test_slots_are_read_as_spans_of_the_text(
    annotation: str, text: str, expected: list[tuple[str, str]]
) -> None:
    assert named(annotation, text) == expected


@pytest.mark.parametrize(
    ("annotation", "text", "actual", "expected"),
    [
        ("at [time : nine am", "at nine am", "slot 'time' open at the end", "']'"),
        (
            "at [time : nine [date : today]]",
            "at nine today",
            "slot 'date' inside slot 'time'",
            "']' before it",
        ),
        ("at [time : ] nine", "at nine", "slot 'time' without words", "'[time : words]'"),
        ("at [time nine]", "at nine", "'[time nine]' in the annotation", "'nine' as in the text"),
        ("at [time:nine]", "at nine", "'[time:nine]' in the annotation", "'nine' as in the text"),
        ("at nine]", "at nine", "']' in the annotation", "the end as in the text"),
        ("at [time : ten]", "at nine", "'ten]' in the annotation", "'nine' as in the text"),
        ("at [time : nine]", "at nine am", "the end of the annotation", "'am' as in the text"),
    ],
)
def test_an_annotation_of_another_text_is_refused(
    annotation: str, text: str, actual: str, expected: str
) -> None:
    with pytest.raises(CorpusError) as caught:
        spans_of(annotation, text, LINE)
    assert str(caught.value).startswith("xx-XX.jsonl:7: found ")
    assert actual in str(caught.value)
    assert f"expected {expected}" in str(caught.value)


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        ("play [song : ma\u00f1ana]", "play man\u0303ana"),
        ("play [song : man\u0303ana]", "play ma\u00f1ana"),
        ("play [song : heyz\u200d]", "play heyz"),
        ("play [song : ज़रा]", "play \u095bरा"),
    ],
)
def test_a_difference_that_the_eye_does_not_see_is_shown_escaped_with_its_reason(
    annotation: str, text: str
) -> None:
    with pytest.raises(CorpusError, match="one is written with a combining character") as caught:
        spans_of(annotation, text, LINE)
    assert str(caught.value).isascii()


WORDS = st.text(st.characters(exclude_characters="[]", exclude_categories=["Cs"]), min_size=1).filter(
    lambda words: words == words.strip() != ""
)
PIECES = st.lists(st.tuples(WORDS, st.sampled_from([None, "time", "place_name"]), st.sampled_from(["", " "])))


@given(PIECES)
def test_what_was_annotated_is_read_back_whatever_the_script_and_the_spacing(
    pieces: list[tuple[str, str | None, str]],
) -> None:
    text = "".join(words + space for words, _, space in pieces)
    annotation = " ".join(words if name is None else f"[{name} : {words}]" for words, name, _ in pieces)
    assert named(annotation, text) == [(name, words) for words, name, _ in pieces if name is not None]
