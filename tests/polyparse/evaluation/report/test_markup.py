"""HTML: text from data stays text, whatever it holds, and tables say what their cells are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from polyparse.evaluation.report.markup import (
    Column,
    Html,
    Marked,
    element,
    joined,
    percent,
    table,
    utterance,
)
from tests.polyparse.evaluation.report.html_tree import Node, read_html
from tests.strategies import texts

hostile = st.sampled_from(["<script>x</script>", "\"'><img src=x>", "&lt;b&gt;", "</mark>", "a & b"])
contents = texts | hostile | st.tuples(texts, hostile).map("".join)


def only(source: Html) -> Node:
    (node,) = read_html(source).children
    assert isinstance(node, Node)
    return node


@given(contents, contents)
def test_text_and_attributes_come_back_as_they_were(text: str, title: str) -> None:
    node = only(element("p", text, title=title))
    assert (node.text, list(node.all()), node.attributes) == (text, [], {"title": title})


def test_attribute_names_are_those_of_html() -> None:
    assert element("p", class_="a", aria_label="b") == '<p class="a" aria-label="b"></p>'


def test_elements_nest_and_stay_markup() -> None:
    inside = element("b", "<")
    assert element("p", "a", inside, ">") == "<p>a<b>&lt;</b>&gt;</p>"
    assert joined([inside, "&"]) == "<b>&lt;</b>&amp;"


@st.composite
def marked_texts(draw: st.DrawFn) -> tuple[str, list[Marked]]:
    text = draw(contents)
    ends = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
    pairs = zip(ends[::2], ends[1::2], strict=False)
    return text, [Marked(start, end, draw(contents), draw(st.booleans())) for start, end in pairs]


@given(marked_texts())
def test_an_utterance_keeps_its_text_and_marks_what_it_is_told_to(case: tuple[str, list[Marked]]) -> None:
    text, marks = case
    node = only(utterance(text, marks, locale="ar-SA"))
    found = list(node.all("mark"))
    assert node.attributes == {"class": "utterance", "lang": "ar-SA", "dir": "auto"}
    assert [mark.attributes["class"] for mark in found] == [
        "right" if mark.right else "wrong" for mark in marks
    ]
    for mark, (start, end, name, right) in zip(found, marks, strict=True):
        (named,) = mark.all("span", "name")
        assert mark.text == f"{text[start:end]} {name}{'' if right else ' (differs)'}"
        assert named.text == mark.text[end - start + 1 :]
    outside = [child for child in node.children if isinstance(child, str)]
    bounds = [0, *(bound for mark in marks for bound in (mark.start, mark.end)), len(text)]
    expected = [text[start:end] for start, end in zip(bounds[::2], bounds[1::2], strict=True)]
    assert "".join(outside) == "".join(expected)


def test_of_two_marks_that_overlap_the_first_is_shown() -> None:
    node = only(utterance("abcdef", [Marked(2, 5, "y", True), Marked(1, 3, "x", True)], locale="en-US"))
    assert [mark.text for mark in node.all("mark")] == ["bc x"]


def test_a_table_has_a_caption_and_every_header_its_scope() -> None:
    columns = [Column("Name"), Column("Count", "number"), Column("Share", "share"), Column("Rate", "rate")]
    node = only(
        table("Things & more", columns, [("<a>", 1234, 0.5, 1.25), ("sum", None, None, None)], footer=1)
    )
    assert (node.attributes["role"], node.attributes["tabindex"]) == ("region", "0")
    assert node.attributes["aria-label"] == next(node.all("caption")).text == "Things & more"
    head, body, foot = (next(node.all(part)) for part in ("thead", "tbody", "tfoot"))
    assert [(th.text, th.attributes["scope"]) for th in head.all("th")] == [(c.name, "col") for c in columns]
    assert [(th.text, th.attributes["scope"]) for th in body.all("th")] == [("<a>", "row")]
    assert [td.text for td in body.all("td")] == ["1,234", "50.0%", "125.0%"]
    assert [td.text for td in foot.all("td")] == ["–", "–", "–"]
    assert [td.attributes.get("style") for td in node.all("td")] == [None, "--share:0.5000", *[None] * 4]


def test_a_share_is_read_as_percent() -> None:
    assert [percent(share) for share in (0.0, 0.63445, 1.0)] == ["0.0%", "63.4%", "100.0%"]
