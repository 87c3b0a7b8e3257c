"""Checks of annotations: slots that no model can give as they are marked, and tags that break their scheme.

A model tags whole words. A slot that holds no word, or cuts one in two, would be dropped or widened without a word, so
`learnable` leaves its utterance out of training.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from unicodedata import category

from polyparse.corpora.checks.corpus import Finding, place_of, quoted
from polyparse.corpora.readers.lines import is_blank
from polyparse.text.tokens import tokenise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from polyparse.corpora.checks.corpus import Corpus
    from polyparse.corpora.example import Example, TextSpan
    from polyparse.text.tokens import Token


def empty_slots(corpus: Corpus) -> Iterator[Finding]:
    """A slot whose value has no visible character, or marks alone."""
    for example in corpus:
        for span in example.slots:
            if (problem := _emptiness(example.text[span.start : span.end])) is not None:
                yield Finding(place_of(example), f"slot {span.name!r} {problem}")


def cut_words(corpus: Corpus) -> Iterator[Finding]:
    """A slot that begins or ends inside a word."""
    for example in corpus:
        tokens = tokenise(example.text) if example.slots else []
        for span in example.slots:
            for problem in _cuts(example.text, span, tokens):
                yield Finding(place_of(example), f"slot {span.name!r} {problem}")


def read_otherwise(corpus: Corpus) -> Iterator[Finding]:
    """What the reader of the corpus had to read otherwise than it is written."""
    for example in corpus:
        for remark in example.origin.remarks if example.origin else ():
            yield Finding(place_of(example), remark)


def learnable(examples: Sequence[Example]) -> list[Example]:
    """The examples without those that have an empty slot or one that cuts a word."""
    return [example for example in examples if not any(_problems(example))]


def _problems(example: Example) -> Iterator[str]:
    tokens = tokenise(example.text) if example.slots else []
    for span in example.slots:
        if (problem := _emptiness(example.text[span.start : span.end])) is not None:
            yield problem
        yield from _cuts(example.text, span, tokens)


def _emptiness(value: str) -> str | None:
    if is_blank(value):
        return f"is {value!a}, which has no visible character"
    if all(category(char)[0] in "PZCM" for char in value) or not tokenise(value):
        return f"is {quoted(value)}, which has marks and no word"
    return None


def _cuts(text: str, span: TextSpan, tokens: Sequence[Token]) -> Iterator[str]:
    """Where the span leaves letters or digits of a word outside; a mark that belongs to a word may stay outside."""
    value = text[span.start : span.end]
    for token in tokens:
        word = text[token.start : token.end]
        if token.start < span.start < token.end and _has_word(text[token.start : span.start]):
            yield f"({quoted(value)}) begins inside the word {quoted(word)}"
        if token.start < span.end < token.end and _has_word(text[span.end : token.end]):
            yield f"({quoted(value)}) ends inside the word {quoted(word)}"


def _has_word(text: str) -> bool:
    return any(category(char)[0] in "LNM" for char in text)
