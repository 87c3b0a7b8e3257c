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


def tags(found: Sequence[Token], spans: Iterable[Span]) -> list[str]:
    """A tag a token: B-slot at a span's first token, I-slot at its others, O outside; a token touched is covered."""
    made = [OUTSIDE] * len(found)
    for span in spans:
        covered = [i for i, token in enumerate(found) if token.start < span.end and span.start < token.end]
        for position, i in enumerate(covered):
            made[i] = f"{'I' if position else 'B'}-{span.name}"
    return made


def spans(found: Sequence[Token], tagged: Sequence[str]) -> tuple[Span, ...]:
    """The spans of some tags; an I that does not go on from its own slot begins a span."""
    made: list[Span] = []
    before = OUTSIDE
    for token, tag in zip(found, tagged, strict=True):
        prefix, _, name = tag.partition("-")
        if prefix == "I" and before.partition("-")[2] == name:
            made[-1] = Span(name, made[-1].start, token.end)
        elif prefix != OUTSIDE:
            made.append(Span(name, token.start, token.end))
        before = tag
    return tuple(made)
