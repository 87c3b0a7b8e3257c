"""Tags of every scheme are read as the spans that they mean; a broken one is repaired, and remarked upon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyparse.contract.tags import Scheme, TokenSpan
from polyparse.corpora.read import read
from polyparse.corpora.readers.tag_scheme import Run, begins_every_span, runs, scheme_of
from polyparse.errors import CorpusError

if TYPE_CHECKING:
    from pathlib import Path


def spans_and_remarks(*sentences: str) -> tuple[list[Run], list[str]]:
    """Those of the first sentence of a file."""
    tags = [sentence.split() for sentence in sentences]
    scheme = scheme_of(tag for sentence in tags for tag in sentence)
    assert scheme is not None
    return runs(tags[0], scheme, strict=scheme != "IOB" or begins_every_span(tags))


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        ("O O", "plain names"),
        ("a O b", "plain names"),
        ("E-mail O S-bahn L-size", "plain names"),
        ("T-shirt U-boat", "plain names"),
        ("B-a I-a", "IOB"),
        ("I-a I-a", "IOB"),
        ("B-time E-mail", "IOB"),
        ("B-a I-a E-a S-b", "IOBES"),
        ("S-a O S-b", "IOBES"),
        ("B-a L-a U-b", "BILOU"),
        ("U-a", "BILOU"),
        ("B-a E-a B-b L-b", None),
    ],
)
def test_the_scheme_of_a_file_is_read_off_its_tags(tags: str, scheme: str | None) -> None:
    assert scheme_of(tags.split()) == scheme


@pytest.mark.parametrize(
    ("sentences", "spans"),
    [
        (["B-a I-a E-a S-b S-b O"], [("a", 0, 3), ("b", 3, 4), ("b", 4, 5)]),
        (["B-a L-a U-b O"], [("a", 0, 2), ("b", 2, 3)]),
        (["S-x-y", "B-x-y E-x-y"], [("x-y", 0, 1)]),
        (["I-a I-a B-a I-b", "O I-a"], [("a", 0, 2), ("a", 2, 3), ("b", 3, 4)]),
        (["a a b O"], [("a", 0, 2), ("b", 2, 3)]),
    ],
)
def test_tags_in_order_leave_no_remark(sentences: list[str], spans: list[tuple[str, int, int]]) -> None:
    assert spans_and_remarks(*sentences) == (spans, [])


@pytest.mark.parametrize(
    ("sentences", "spans", "remark"),
    [
        (["I-a O", "O B-a"], [("a", 0, 1)], "found I-a at the start of a slot, expected B-"),
        (["E-a O", "B-a E-a"], [("a", 0, 1)], "found E-a at the start of a slot, expected B- or S-"),
        (["B-a O", "B-a E-a"], [("a", 0, 1)], "found B-a at the end of a slot, expected one of E-, S-"),
        (["B-a I-a", "B-a L-a"], [("a", 0, 2)], "found I-a at the end of a slot, expected one of L-, U-"),
        (["E-a I-a E-a", "B-a E-a"], [("a", 0, 1), ("a", 1, 3)], "found I-a at the start of a slot"),
        (
            ["a O", "B-a I-a"],
            [("a", 0, 1)],
            "found a, read as the name of a slot, expected O, B-name, I-name",
        ),
        (["X-a O", "B-a I-a"], [("X-a", 0, 1)], "found X-a, read as the name of a slot"),
        (["b-a O", "B-a E-a"], [("b-a", 0, 1)], "found b-a, read as the name of a slot"),
    ],
)
def test_a_broken_tag_keeps_its_name_and_is_remarked_upon(
    sentences: list[str], spans: list[tuple[str, int, int]], remark: str
) -> None:
    actual, remarks = spans_and_remarks(*sentences)
    assert actual == spans
    assert any(each.startswith(remark) for each in remarks)


SCHEMES = {
    "IOB2": Scheme(only="B", first="B", inside="I", last="I"),
    "IOBES": Scheme(only="S", first="B", inside="I", last="E"),
    "BILOU": Scheme(only="U", first="B", inside="I", last="L"),
}
LENGTHS = st.lists(st.tuples(st.sampled_from([None, "a", "b-c"]), st.integers(1, 4)))


@pytest.mark.parametrize("name", SCHEMES)
@given(pieces=LENGTHS)
def test_what_a_scheme_wrote_is_read_back(name: str, pieces: list[tuple[str | None, int]]) -> None:
    spans: list[Run] = []
    end = 0
    for slot, length in pieces:
        if slot is not None:
            spans.append(Run(slot, end, end + length))
        end += length
    tags = SCHEMES[name].encode([TokenSpan(*span) for span in spans], end)
    scheme = scheme_of(tags)
    assert scheme is not None
    assert runs(tags, scheme, strict=scheme != "IOB" or begins_every_span([tags])) == (spans, [])


def test_a_file_in_two_schemes_is_refused_with_both_lines(tmp_path: Path) -> None:
    path = tmp_path / "test"
    path.write_text("x:B-a y:E-a <=> say\nz:O <=> say\nx:B-a y:L-a <=> say\n", encoding="utf-8")
    with pytest.raises(
        CorpusError, match=r"test:3: found tag 'L-a', and 'E-a' in line 1, expected .* one scheme"
    ):
        read(f"slots:{path}", partition="test")
