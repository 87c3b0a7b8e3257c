"""A function word left out: an article, a preposition, an auxiliary, a pronoun, as hurried or unsure writers do.

Words that carry the meaning of a command are never left out: negations, question words, and the "on" of "turn on".
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING

from polyparse.contract.locales import language_of
from polyparse.corpora.noise.edits import replaced

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from polyparse.corpora.example import Example


_LINES = files(__package__).joinpath("function_words.txt").read_text(encoding="utf-8").splitlines()
FUNCTION_WORDS: Mapping[str, frozenset[str]] = {
    language: frozenset(words) for language, *words in map(str.split, _LINES)
}
_WORD = re.compile(r"\S+")


def function_word_dropped(example: Example, random: Random) -> Example | None:
    """The example without one function word of its language; never all of a slot's value, nor the only word."""
    function_words = FUNCTION_WORDS.get(language_of(example.locale))
    if function_words is None:
        return None
    words = [match.span() for match in _WORD.finditer(example.text)]
    droppable = [
        (start, end)
        for start, end in words
        if example.text[start:end].lower() in function_words and _is_droppable(example, start, end)
    ]
    if len(words) < 2 or not droppable:
        return None
    start, end = random.choice(droppable)
    place = words.index((start, end))
    # the space that goes with it lies on the side where no slot ends or begins
    ends_slot = any(span.end == end for span in example.slots)
    if place == len(words) - 1 or (ends_slot and place):
        return replaced(example, words[place - 1][1], end, "")
    return replaced(example, start, words[place + 1][0], "")


def _is_droppable(example: Example, start: int, end: int) -> bool:
    """Whether every slot that the word touches holds the word and more."""
    return all(
        span.end <= start
        or end <= span.start
        or (span.start <= start and end <= span.end and (span.start, span.end) != (start, end))
        for span in example.slots
    )
