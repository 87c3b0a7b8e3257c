"""An utterance with other words in the places of some of its tokens, its slots moved along."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING

from polyparse.corpora.example import TextSpan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from polyparse.corpora.example import Example
    from polyparse.text.tokens import Token


def with_words(example: Example, words: Iterable[tuple[Token, str]]) -> Example:
    """The example with a word in the place of each of its tokens, which stand in order; what is between them stays."""
    text, end = "", 0
    moved: list[tuple[int, int]] = []  # (end of a token in the old text, in the new text)
    for token, word in words:
        text += example.text[end : token.start] + word
        end = token.end
        moved.append((token.end, len(text)))
    shift = _Shift(moved)
    spans = tuple(TextSpan(span.name, shift(span.start), shift(span.end)) for span in example.slots)
    return replace(example, text=text + example.text[end:], slots=spans)


def stands_alone(text: str, token: Token) -> bool:
    """Whether white space is on both sides, so that another word in its place touches no neighbour."""
    return not (text[: token.start][-1:].strip() or text[token.end :][:1].strip())


class _Shift:
    """Maps an offset of the old text to the new one: its distance from the end of the last token before it stays."""

    def __init__(self, moved: Sequence[tuple[int, int]]) -> None:
        self._ends = [before for before, _ in moved]
        self._shifts = [after - before for before, after in moved]

    def __call__(self, offset: int) -> int:
        """The new offset of the start or the end of a token."""
        tokens_before = bisect_right(self._ends, offset)
        return offset + (self._shifts[tokens_before - 1] if tokens_before else 0)
