"""Tokens that white space separates, with BIO tags for spans and back, for systems that label tokens."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from benchmarks.peers.inside.exchange import Span

WORD = re.compile(r"\S+")
OUTSIDE = "O"


class Token(NamedTuple):
    """A word and its place in the text."""

    text: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """The words of a text."""
    return [Token(match[0], match.start(), match.end()) for match in WORD.finditer(text)]


def tags(actual: Sequence[Token], spans: Iterable[Span]) -> list[str]:
    """A tag a token: B-slot at a span's first token, I-slot at its others, O outside; a token touched is covered."""
    built = [OUTSIDE] * len(actual)
    for span in spans:
        covered = [i for i, token in enumerate(actual) if token.start < span.end and span.start < token.end]
        for position, i in enumerate(covered):
            built[i] = f"{'I' if position else 'B'}-{span.name}"
    return built


def spans(actual: Sequence[Token], tagged: Sequence[str]) -> tuple[Span, ...]:
    """The spans of some tags; an I that does not go on from its own slot begins a span."""
    built: list[Span] = []
    before = OUTSIDE
    for token, tag in zip(actual, tagged, strict=True):
        prefix, _, name = tag.partition("-")
        if prefix == "I" and before.partition("-")[2] == name:
            built[-1] = Span(name, built[-1].start, token.end)
        elif prefix != OUTSIDE:
            built.append(Span(name, token.start, token.end))
        before = tag
    return tuple(built)
