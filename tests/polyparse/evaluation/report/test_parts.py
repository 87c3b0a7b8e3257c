"""Tables and utterances of the report: text from data stays text, whatever it holds, and tables say what their cells are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from polyparse.evaluation.report.page import templates
from polyparse.evaluation.report.parts import Column, MarkedSpan, MarkedText, Piece, Table, pieces
from tests.polyparse.evaluation.report.html_tree import Node, read_html
from tests.strategies import texts

if TYPE_CHECKING:
    from collections.abc import Sequence

hostile = st.sampled_from(
    ["<script>x</script>", "\"'><img src=x>", "&lt;b&gt;", "</mark>", "a & b", "{{ 1 }}"]
)
contents = texts | hostile | st.tuples(texts, hostile).map("".join)
TEMPLATES = templates()


def html_of(part: Table | MarkedText) -> Node:
    """A part as its macro shows it."""
    macro = "table" if isinstance(part, Table) else "utterance"
    source = getattr(TEMPLATES.get_template("parts.html.j2").module, macro)(part)
    (node,) = (child for child in read_html(source).children if isinstance(child, Node))
    return node


def marked(text: str, spans: Sequence[MarkedSpan]) -> Node:
    return html_of(MarkedText("ar-SA", list(pieces(text, spans))))


@given(contents, contents)
def test_text_and_attributes_come_back_as_they_were(text: str, locale: str) -> None:
    node = html_of(MarkedText(locale, [Piece(text)]))
    assert (node.text, list(node.all())) == (text, [])
    assert node.attributes == {"class": "utterance", "lang": locale, "dir": "auto"}


@st.composite
def texts_with_spans(draw: st.DrawFn) -> tuple[str, list[MarkedSpan]]:
    text = draw(contents)
    ends = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
    pairs = zip(ends[::2], ends[1::2], strict=False)
    return text, [MarkedSpan(start, end, draw(contents), draw(st.booleans())) for start, end in pairs]


@given(texts_with_spans())
def test_an_utterance_keeps_its_text_and_marks_its_spans(case: tuple[str, list[MarkedSpan]]) -> None:
    text, spans = case
    node = marked(text, spans)
    marks = list(node.all("mark"))
    assert [mark.attributes["class"] for mark in marks] == [
        "right" if span.right else "wrong" for span in spans
    ]
    for mark, (start, end, name, right) in zip(marks, spans, strict=True):
        (named,) = mark.all("span", "name")
        assert mark.text == f"{text[start:end]} {name}{'' if right else ' (differs)'}"
        assert named.text == mark.text[end - start + 1 :]
        assert (named.attributes["lang"], named.attributes["dir"]) == ("en", "ltr")
    outside = [child for child in node.children if isinstance(child, str)]
    bounds = [0, *(bound for span in spans for bound in (span.start, span.end)), len(text)]
    expected = [text[start:end] for start, end in zip(bounds[::2], bounds[1::2], strict=True)]
    assert "".join(outside) == "".join(expected)


def test_of_two_spans_that_overlap_the_first_is_shown() -> None:
    node = marked("abcdef", [MarkedSpan(2, 5, "y", right=True), MarkedSpan(1, 3, "x", right=True)])
    assert [mark.text for mark in node.all("mark")] == ["bc x"]


def test_a_table_has_a_caption_and_every_header_its_scope() -> None:
    columns = [Column("Name"), Column("Count", "number"), Column("Share", "share"), Column("Rate", "rate")]
    rows = [("<a>", 1234, 0.63445, 1.25)]
    node = html_of(Table("Things & more", columns, rows, total=("sum", None, None, None)))
    assert (node.attributes["role"], node.attributes["tabindex"]) == ("region", "0")
    assert node.attributes["aria-label"] == next(node.all("caption")).text == "Things & more"
    head, body, foot = (next(node.all(part)) for part in ("thead", "tbody", "tfoot"))
    assert [(th.text, th.attributes["scope"]) for th in head.all("th")] == [(c.name, "col") for c in columns]
    assert [(th.text, th.attributes["scope"]) for th in body.all("th")] == [("<a>", "row")]
    assert [td.text for td in body.all("td")] == ["1,234", "63.4%", "125.0%"]
    assert [td.text for td in foot.all("td")] == ["–", "–", "–"]
    assert [td.attributes.get("style") for td in node.all("td")] == [None, "--share:0.6344", *[None] * 4]
    assert [cell.attributes["class"] for cell in head.all("th")] == [column.kind for column in columns]


def test_a_table_without_a_total_has_no_footer() -> None:
    assert not list(html_of(Table("Things", [Column("Name")], [("a",)])).all("tfoot"))
