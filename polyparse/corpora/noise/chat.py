"""Hindi in Latin letters as hurried people spell it in chats: "nhi kr skte", "kia he".

`romanise` spells by rule, as one careful writer does. Here words are spelled anew, one by one, by shortenings and confusions
that no style of its has, so that a model which learnt from those styles does not judge itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from polyparse.corpora.noise.edits import rewritten
from polyparse.corpora.noise.romanisation import DEVANAGARI, draw_style, romanise

if TYPE_CHECKING:
    from random import Random

    from polyparse.corpora.example import Example

RESPELLED = tuple(
    (re.compile(pattern), spelling)
    for pattern, spelling in (
        (r"(?<=[^aeiou])a(?=[^aeiou])", ""),  # kar -> kr, nahin -> nhin
        (r"ai$", "e"),  # hai -> he
        (r"(?<=[^aeiou])ya$", "ia"),  # kya -> kia
        (r"jh", "j"),  # mujhe -> muje
        (r"th", "t"),
        (r"z", "j"),
        (r"ein$", "en"),  # mein -> men
        (r"v", "w"),
        (r"aa", "a"),
        (r"o$", "oo"),  # karo -> karoo
        (r"e$", "ey"),  # mere -> merey
    )
)
"""What is found in a word, once, and what is typed in its place."""
SHARE = 1 / 3
"""Of the words that have one of these, how many are respelled; the others stay as the style has them."""


def chat_spelled(example: Example, random: Random) -> Example | None:
    """Each Hindi word in Latin letters, one in three of those that can be respelled; None without a Hindi word."""
    if not DEVANAGARI.search(example.text):
        return None
    style = draw_style(random)

    def spelled(match: re.Match[str]) -> str:
        return _respelled(romanise(match[0], style), random)

    return rewritten(example, lambda piece: DEVANAGARI.sub(spelled, piece))


def _respelled(word: str, random: Random) -> str:
    spellings = [
        pattern.sub(spelling, word, count=1) for pattern, spelling in RESPELLED if pattern.search(word)
    ]
    return random.choice(spellings) if spellings and random.random() < SHARE else word
