"""Tag schemes: spans of tokens to one tag a token and back, and which tag may follow which.

A scheme is four letters: for the only token of a span, for the first, for one inside, and for the last.
All that this file does follows from them. K is the number of tags.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

OUTSIDE = "O"
Bools: TypeAlias = NDArray[np.bool_]


class TokenSpan(NamedTuple):
    """A slot over the tokens `[start, end)`."""

    name: str
    start: int
    end: int


@dataclass(frozen=True)
class Scheme:
    """The letters that say where in its span a token stands."""

    only: str
    first: str
    inside: str
    last: str

    def tags(self, slots: Sequence[str]) -> tuple[str, ...]:
        """Return every tag: "O", then those of each slot in turn."""
        return (OUTSIDE, *(f"{letter}-{slot}" for slot in slots for letter in self._letters))

    def encode(self, spans: Sequence[TokenSpan], n_tokens: int) -> list[str]:
        """Return one tag a token; a ValueError names a span that is empty, out of range or overlaps."""
        tags = [OUTSIDE] * n_tokens
        free = 0
        for span in sorted(spans, key=lambda span: span.start):
            if not free <= span.start < span.end <= n_tokens:
                raise ValueError(
                    f"found {span}, expected it to lie in [{free}, {n_tokens}) and not to be empty"
                )
            tags[span.start : span.end] = [f"{letter}-{span.name}" for letter in self._letters_of(span)]
            free = span.end
        return tags

    def decode(self, tags: Sequence[str]) -> list[TokenSpan]:
        """Return the spans of the tags, in order; illegal tags are repaired: each keeps its slot."""
        spans: list[TokenSpan] = []
        before = ""
        for index, tag in enumerate(tags):
            if tag == OUTSIDE:  # most are; nothing to split
                before = OUTSIDE
                continue
            letter, slot = self._split(tag)
            goes_on = bool(spans) and spans[-1].end == index and spans[-1].name == slot
            if goes_on and before in self._opens and letter in self._continues:
                spans[-1] = spans[-1]._replace(end=index + 1)
            else:
                spans.append(TokenSpan(slot, index, index + 1))
            before = letter
        return spans

    def transitions(self, tags: Sequence[str]) -> tuple[Bools, Bools, Bools]:
        """Return start_K, allowed_KK, end_K: which tags may begin, which j may follow i, which may end."""
        split = [self._split(tag) for tag in tags]
        start_K = np.array([letter in (OUTSIDE, self.only, self.first) for letter, _ in split], bool)
        end_K = np.array([letter in (OUTSIDE, self.only, self.last) for letter, _ in split], bool)
        same_KK = np.array([[slot == other for _, other in split] for _, slot in split], bool)
        open_K = np.array([letter in self._opens for letter, _ in split], bool)
        goes_on_K = np.array([letter in self._continues for letter, _ in split], bool)
        new_span_KK = end_K[:, None] & start_K
        return start_K, new_span_KK | (same_KK & open_K[:, None] & goes_on_K), end_K

    @cached_property
    def _letters(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.first, self.inside, self.last, self.only)))

    @property
    def _opens(self) -> tuple[str, ...]:
        """Return the letters after which a span may go on."""
        return (self.first, self.inside)

    @property
    def _continues(self) -> tuple[str, ...]:
        """Return the letters with which a span may go on."""
        return (self.inside, self.last)

    def _letters_of(self, span: TokenSpan) -> Iterator[str]:
        if span.end - span.start == 1:
            yield self.only
            return
        yield self.first
        yield from self.inside * (span.end - span.start - 2)
        yield self.last

    def _split(self, tag: str) -> tuple[str, str]:
        letter, _, slot = tag.partition("-")
        if tag != OUTSIDE and not (letter in self._letters and slot):
            expected = ", ".join(f"{letter}-SLOT" for letter in self._letters)
            raise ValueError(f"found the tag {tag!r}, expected O, {expected}")
        return letter, slot


SCHEMES: Mapping[str, Scheme] = MappingProxyType(
    {
        "IO": Scheme(only="I", first="I", inside="I", last="I"),
        "BIO": Scheme(only="B", first="B", inside="I", last="I"),
        "BIOES": Scheme(only="S", first="B", inside="I", last="E"),
    }
)
