"""Decoding, pure: a path of tags back to slots in the caller's own text.

A head that cannot forbid a transition (softmax, AIN) may give an illegal path; the scheme repairs it here.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from polyparse.contract.frame import Slot, probability

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.contract.tags import Scheme
    from polyparse.text.vectorizer import Item

MARKS = frozenset('!?¡¿,;:…।॥。！？、，"“”«»')
"""Marks that end or quote a phrase. Corpora of transcribed speech have none, callers' texts do, and a model that never saw
one may include it in the slot beside it."""


def slots_of_path(
    item: Item, tags: Sequence[str], marginals: Sequence[float], scheme: Scheme
) -> tuple[Slot, ...]:
    """Slots of one utterance; a slot's confidence is the product of its tokens' tag marginals.

    Args:
        item: the utterance with its tokens' offsets.
        tags: one tag a token; punctuation at the edges of a slot is not part of its value.
        marginals: the probability of each of those tags.
        scheme: the tag scheme of the model.
    """
    if not any(tag != "O" for tag in tags):
        return ()
    text = item.utterance.text
    slots = []
    for name, span_first, span_end in scheme.decode(tags):
        first, end = _within_marks(item, span_first, span_end)
        start_char, end_char = item.starts[first], item.ends[end - 1]
        confidence = probability(prod(marginals[first:end]))
        slots.append(Slot(name, text[start_char:end_char], start_char, end_char, confidence))
    return tuple(slots)


def _within_marks(item: Item, first: int, end: int) -> tuple[int, int]:
    """The tokens of a span without the marks at its edges; a span of marks alone keeps its first."""
    text = item.utterance.text
    while end - first > 1 and (text[item.starts[end - 1]] in MARKS or _is_full_stop(item, end - 1)):
        end -= 1
    while end - first > 1 and text[item.starts[first]] in MARKS:
        first += 1
    return first, end


def _is_full_stop(item: Item, token: int) -> bool:
    """Whether a token is the stop that ends the text, and not the dot of "p. m."."""
    is_dot = item.utterance.text[item.starts[token] : item.ends[token]] == "."
    ends_text = token == len(item.starts) - 1
    return is_dot and ends_text and (token == 0 or item.ends[token - 1] - item.starts[token - 1] > 1)
