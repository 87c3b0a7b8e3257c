"""Decoding, pure: a path of tags back to slots in the caller's own text.

A head that cannot forbid a transition (softmax, AIN) may give an illegal path; the scheme repairs it here.
"""

from __future__ import annotations

import re
from math import prod
from typing import TYPE_CHECKING

from polyparse.contract.frame import Slot, probability
from polyparse.contract.tags import OUTSIDE
from polyparse.text.addresses import AREA_CODE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from polyparse.contract.tags import Scheme
    from polyparse.text.vectorizer import Item

PHRASE_END = re.compile(r"[!?।॥。！？…()\[\]{}]|\.\.|(?<=\S{4})\.")
"""A mark between tokens over which no slot goes on. A dot ends an abbreviation where its word has three letters or fewer."""


def slots_of_path(
    item: Item, tags: Sequence[str], marginals: Sequence[float], scheme: Scheme
) -> tuple[Slot, ...]:
    """Slots of one utterance; a slot's confidence is the product of its tokens' tag marginals.

    Args:
        item: the utterance with its tokens' offsets.
        tags: one tag a token; a slot ends where a phrase does, and has a letter or a digit in its value. Of two slots that
            share a place in the text, which only words that say one number do, the first one stays.
        marginals: the probability of each of those tags.
        scheme: the tag scheme of the model.
    """
    if tags.count(OUTSIDE) == len(tags):
        return ()
    text = item.utterance.text
    telephones = [found.span() for found in AREA_CODE.finditer(text)] if "(" in text else []
    slots: list[Slot] = []
    for name, span_first, span_end in scheme.decode(tags):
        for first, end in _phrases(item, span_first, span_end, telephones):
            start_char, end_char = item.starts[first], item.ends[end - 1]
            if any(start == start_char - 1 and ")" in text[start:end_char] for start, _ in telephones):
                start_char -= 1  # The bracket that opens an area code is no token.
            value = text[start_char:end_char]
            is_free = not slots or slots[-1].end <= start_char  # Words that say one number share its place.
            if is_free and any(map(str.isalnum, value)):
                confidence = probability(prod(marginals[first:end]))
                slots.append(Slot(name, value, start_char, end_char, confidence))
    return tuple(slots)


def _phrases(
    item: Item, first: int, end: int, telephones: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """The tokens of a span, cut where a phrase ends, which is not inside the number of a telephone."""
    text = item.utterance.text
    for token in range(first + 1, end):
        gap = item.ends[token - 1], item.starts[token]
        if text[slice(*gap)] not in (" ", "") and PHRASE_END.search(text, *gap):
            if any(start < gap[0] and gap[1] < stop for start, stop in telephones):
                continue
            yield first, token
            first = token
    yield first, end
