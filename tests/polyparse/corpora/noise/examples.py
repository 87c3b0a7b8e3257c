"""Hypothesis strategies for annotated utterances: text in pieces, some of which are slots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from polyparse.corpora.example import Example, TextSpan
from tests.strategies import texts, words

if TYPE_CHECKING:
    from collections.abc import Sequence

LOCALES = ("en-US", "es-ES", "it-IT", "hi-IN", "de-DE")
COMMON = ("the", "of", "de", "la", "è", "di", "का", "में", "ज़रा", "कहाँ", "niño", "l'", "straße", "café", "सुबह")
# also words that stand in function word lists, and pieces glued to each other without a space
pieces = st.tuples(
    st.none() | st.sampled_from(("time", "place")),
    words | st.sampled_from(COMMON) | texts | st.lists(st.sampled_from(COMMON), min_size=2).map(" ".join),
    st.sampled_from(("", " ", " ", "  ")),
)


def _example(identity: int, locale: str, parts: Sequence[tuple[str | None, str, str]]) -> Example:
    text, slots = "", []
    for name, piece, space in parts:
        value = piece.strip()
        if name and value:
            slots.append(TextSpan(name, len(text), len(text) + len(value)))
        text += value + space
    return Example(str(identity), text, locale, "train", "d", "i", tuple(slots))


examples = st.builds(
    _example, st.integers(0, 2), st.sampled_from(LOCALES), st.lists(pieces, min_size=1, max_size=5)
).filter(lambda example: bool(example.text.strip()))
"""Utterances of many scripts with slots at their edges, side by side, and inside words."""
