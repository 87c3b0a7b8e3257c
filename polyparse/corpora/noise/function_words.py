"""A function word left out: an article, a preposition, an auxiliary, a pronoun, as hurried or unsure writers do.

Words that carry the meaning of a command are never left out: negations, question words, and the "on" of "turn on".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from polyparse.corpora.noise.edits import replaced

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from polyparse.corpora.example import Example


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


FUNCTION_WORDS: Mapping[str, frozenset[str]] = {
    "en": _set(
        "a an the of to in at for from with by about into and or that this these those "
        "is are was were be am do does did has have had can could will would should may "
        "i me my you your it its we us our there"
    ),
    "es": _set(
        "el la los las un una unos unas lo de del a al en con por para sobre desde hasta y e o u que "
        "es son está están hay ha he me te se le nos mi mis tu tus su sus este esta ese esa yo"
    ),
    "it": _set(
        "il lo la i gli le un uno una di del dello della dei degli delle a al allo alla ai agli alle "
        "da dal dalla dai dalle in nel nello nella nei nelle su sul sulla con per tra fra e o che "
        "è sono ho ha mi ti si ci ne mio mia miei mie questo questa"
    ),
    "hi": _set(
        "का की के को में से पर ने तक है हैं हूँ हूं हो था थी थे और कि या एक यह वह इस उस मैं मुझे मेरा मेरी मेरे आप तुम तो ही भी"
    ),
}
_WORD = re.compile(r"\S+")


def function_word_dropped(example: Example, random: Random) -> Example | None:
    """The example without one function word of its language; never all of a slot's value, nor the only word."""
    function_words = FUNCTION_WORDS.get(example.locale.partition("-")[0])
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
