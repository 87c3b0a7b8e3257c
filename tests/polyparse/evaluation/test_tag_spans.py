"""Spans as conlleval counts them: over a corpus's own tokens, of tags in any scheme; gold tags are right throughout."""

from __future__ import annotations

import pytest

from polyparse.contract.frame import Frame, Slot
from polyparse.corpora.example import Example, TextSpan
from polyparse.corpora.read import read
from polyparse.evaluation.evaluate import Case
from polyparse.evaluation.tag_spans import SpanCounts, score_tags, span_measures, tagged_spans, tags_of
from tests.public_corpora import CORPORA, needs_corpora


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("O B-x I-x O", [("x", 1, 3)]),
        ("B-x B-x I-x", [("x", 0, 1), ("x", 1, 3)]),
        ("I-x I-x B-x", [("x", 0, 2), ("x", 2, 3)]),
        ("B-x I-y I-y", [("x", 0, 1), ("y", 1, 3)]),
        ("O I-x O I-x", [("x", 1, 2), ("x", 3, 4)]),
        ("S-x B-x E-x E-x", [("x", 0, 1), ("x", 1, 3), ("x", 3, 4)]),
        ("U-x B-x I-x L-x I-x", [("x", 0, 1), ("x", 1, 4), ("x", 4, 5)]),
        ("B-a-b I-a-b", [("a-b", 0, 2)]),
        ("O O", []),
    ],
)
def test_spans_are_read_as_conlleval_reads_them(tags: str, spans: list[tuple[str, int, int]]) -> None:
    assert tagged_spans(tags.split()) == set(spans)


def test_a_span_is_right_where_name_and_both_ends_are() -> None:
    true = ["B-x", "I-x", "O", "B-y", "O", "B-z"]
    assert score_tags(true, true) == SpanCounts(3, 3, 3)
    assert score_tags(true, ["B-x", "I-x", "O", "B-z", "O", "O"]) == SpanCounts(3, 2, 1)
    assert score_tags(true, ["B-x", "O", "O", "B-y", "I-y", "B-z"]) == SpanCounts(3, 3, 1)
    assert score_tags(true, ["I-x", "I-x", "O", "I-y", "O", "I-z"]) == SpanCounts(3, 3, 3)
    with pytest.raises(ValueError, match="found 1 tags, expected 6"):
        score_tags(true, ["O"])


def test_measures_are_micro_averages_and_none_of_nothing() -> None:
    assert (SpanCounts(3, 2, 1) + SpanCounts(1, 2, 1)).measures() == {
        "precision": 0.5,
        "recall": 0.5,
        "f1": 0.5,
    }
    assert set(SpanCounts().measures().values()) == {None}


@pytest.mark.parametrize(
    ("spans", "tags"),
    [
        ([(0, 7)], "B-x I-x O O"),
        ([(0, 3), (4, 7)], "B-x B-x O O"),
        ([(1, 5)], "B-x I-x O O"),
        ([(0, 5), (5, 9)], "B-x I-x B-x O"),
        ([(8, 12)], "O O B-x I-x"),
        ([], "O O O O"),
    ],
)
def test_slots_have_the_tokens_that_they_cover_in_part(spans: list[tuple[int, int]], tags: str) -> None:
    slots = [TextSpan("x", *span) for span in spans]
    assert tags_of("abc def g hi", slots) == tags.split()


def test_frames_are_measured_against_the_corpus() -> None:
    spans = (TextSpan("x", 0, 3), TextSpan("x", 4, 7))
    example = Example("1", "abc def", "und", "test", None, None, spans)
    whole = Frame("abc def", None, None, None, (Slot("x", "abc def", 0, 7, 1.0),), 1.0)
    parts = Frame(
        "abc def", None, None, None, (Slot("x", "abc", 0, 3, 1.0), Slot("x", "def", 4, 7, 1.0)), 1.0
    )
    assert span_measures([Case(example, whole)])["f1"] == 0.0
    assert span_measures([Case(example, parts)])["f1"] == 1.0


def tags_in(corpus: str, file: str) -> list[list[str]]:
    """The tags that stand in a file, sentence by sentence."""
    if corpus == "atis":
        rows = (CORPORA / corpus / file).read_text("utf-8").rstrip("\n").split("\n")
        return [[pair.rsplit(":", 1)[1] for pair in row.split()[:-2]] for row in rows]
    sentences: list[list[str]] = [[]]
    for row in (CORPORA / f"{corpus}.{file}").read_text("latin-1").split("\n"):
        if row and not row.startswith("-DOCSTART-"):
            sentences[-1].append(row.split()[-1])
        elif sentences[-1]:
            sentences.append([])
    return [tags for tags in sentences if tags]


@needs_corpora
@pytest.mark.parametrize("partition", ["train", "dev", "test"])
@pytest.mark.parametrize("corpus", ["atis", "conll2002/esp", "conll2002/ned"])
def test_gold_tags_of_public_corpora_are_right_throughout(corpus: str, partition: str) -> None:
    """Those in the file against those of the spans that were read from it."""
    is_atis = corpus == "atis"
    names = {"dev": "valid"} if is_atis else {"dev": "testa", "test": "testb"}
    examples = read(f"{'slots' if is_atis else 'conll'}:{CORPORA / corpus}", partition=partition)
    sentences = tags_in(corpus, names.get(partition, partition))
    counts = SpanCounts()
    for example, tags in zip(examples, sentences, strict=True):
        counts += score_tags(tags, tags_of(example.text, example.slots))
    assert counts.true == counts.predicted == counts.right > 1000
    assert counts.measures()["f1"] == 1.0
