"""Pieces of an example: each slot's value and each text between slots, rewritten one by one, so that labels stay exact."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from polyparse.corpora.example import TextSpan

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Sequence
    from random import Random

    from polyparse.corpora.example import Example


def rewritten_by_slot(example: Example, rewrite: Callable[[str, str | None], str]) -> Example | None:
    """The example with each slot's value, and each text between slots, rewritten; None where nothing changes.

    `rewrite` gets a piece and the name of its slot, None between slots. A piece that would become blank stays as it is, so
    that neither a slot nor the text becomes empty.
    """

    def written(piece: str, slot: str | None) -> str:
        new = rewrite(piece, slot)
        return new if new.strip() else piece

    text, end, slots = "", 0, []
    for span in example.slots:
        text += written(example.text[end : span.start], None)
        value = written(example.text[span.start : span.end], span.name)
        slots.append(TextSpan(span.name, len(text), len(text) + len(value)))
        text += value
        end = span.end
    text += written(example.text[end:], None)
    return None if text == example.text else replace(example, text=text, slots=tuple(slots))


class Format(NamedTuple):
    """What a pattern's match may become, each as likely, in the slots named, or in any piece if None are.

    A choice is a template of `re.Match.expand`, or a function of the match.
    """

    pattern: re.Pattern[str]
    choices: Sequence[str | Callable[[re.Match[str]], str]]
    slots: frozenset[str] | None = None


def formatted(piece: str, slot: str | None, formats: Sequence[Format], random: Random) -> tuple[str, int]:
    """The piece after each format in turn, a choice drawn for every match, and how many matches there were."""
    found = 0
    for pattern, choices, slots in formats:
        if slots is None or slot in slots:

            def chosen(match: re.Match[str], choices: Sequence[str | Callable[..., str]] = choices) -> str:
                choice = random.choice(choices)
                return match.expand(choice) if isinstance(choice, str) else choice(match)

            piece, count = pattern.subn(chosen, piece)
            found += count
    return piece, found
