"""Decoding, pure: a path of tags back to slots in the caller's own text.

A head that cannot forbid a transition (softmax, AIN) may give an illegal path; the scheme repairs it here.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from polyparse.frame import Slot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.encode import Item
    from polyparse.tags import Scheme


def slots_of_path(
    item: Item, tags: Sequence[str], marginals: Sequence[float], scheme: Scheme
) -> tuple[Slot, ...]:
    """Slots of one utterance; a slot's confidence is the product of its tokens' tag marginals.

    Args:
        item: the utterance with its tokens' offsets.
        tags: one tag a token.
        marginals: the probability of each of those tags.
        scheme: the tag scheme of the model.
    """
    if not any(tag != "O" for tag in tags):
        return ()
    text = item.utterance.text
    found = []
    for name, first, end in scheme.decode(tags):
        start_char, end_char = item.starts[first], item.ends[end - 1]
        confidence = min(1.0, prod(marginals[first:end]))
        found.append(Slot(name, text[start_char:end_char], start_char, end_char, confidence))
    return tuple(found)
