"""Hindi in Latin letters, spelled by confusions of letters, for training: no two hurried writers spell alike.

`romanise` spells a word in some hundred styles, which a network learns by heart. Here a share of the words is spelled anew,
by what people confuse or leave out. `polyparse.corpora.noise.chat`, by which a model is judged, has other confusions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from polyparse.corpora.noise.edits import rewritten
from polyparse.corpora.noise.romanisation import DEVANAGARI, draw_style, romanise

if TYPE_CHECKING:
    from random import Random

    from polyparse.corpora.example import Example

CONFUSED = tuple(
    (re.compile(pattern), spelling)
    for pattern, spelling in (
        (r"(?<=[^aeiou])i(?=[^aeiou])", ""),  # kitne -> ktne
        (r"(?<=[^aeiou])u(?=[^aeiou])", ""),  # subah -> sbah
        (r"(?<=[^aeiou])i(?=[^aeiou])", "e"),  # kitne -> ketne
        (r"(?<=[^aeiou])e(?=[^aeiou])", "i"),  # dekho -> dikho
        (r"(?<=[^aeiou])o(?=[^aeiou])", "u"),  # bolo -> bulo
        (r"(?<=[^aeiou])i$", "y"),  # sakti -> sakty
        (r"(?<=[^aeiou])i$", "ee"),
        (r"(?<=[^aeiou])u$", "oo"),
        (r"(?<=[^aeiou])a$", "aa"),
        (r"(?<=[^aeiou])o$", "u"),
        (r"ee", "i"),
        (r"oo", "u"),
        (r"ai(?=.)", "e"),  # paise -> pese
        (r"au", "o"),
        (r"kh", "k"),
        (r"gh", "g"),
        (r"dh", "d"),
        (r"bh", "b"),
        (r"sh", "s"),
        (r"chh?", "c"),
        (r"(?<=.)n$", ""),  # main -> mai
        (r"(?<=[aeiou])$", "n"),
        (r"(?<=.)h$", ""),  # jagah -> jaga
        (r"(?<=[aeiou])h(?=[aeiou])", ""),  # nahin -> nain
        (r"y(?=[aeiou])", ""),  # kiya -> kia
        (r"w", "v"),
        (r"j", "z"),
        (r"f", "ph"),
        (r"q", "k"),
        (r"([bdgklmnprst])\1", r"\1"),
        (r"(?<=[aeiou])([bdgklmnprst])(?=[aeiou])", r"\1\1"),
    )
)
"""What is found in a word, once, and what is typed in its place."""
LEAST, MOST = 0.15, 0.6
"""Of the words that have one of these, how many are spelled anew: a share that is drawn for each writer."""
TWICE = 0.25
"""So many of those are spelled anew twice."""


def respelled(example: Example, random: Random) -> Example | None:
    """Each Hindi word in Latin letters, a share of them spelled anew; None without a Hindi word."""
    if not DEVANAGARI.search(example.text):
        return None
    style, share = draw_style(random), random.uniform(LEAST, MOST)

    def spelled(match: re.Match[str]) -> str:
        word = romanise(match[0], style)
        if random.random() >= share:
            return word
        return _confused(_confused(word, random) if random.random() < TWICE else word, random)

    return rewritten(example, lambda piece: DEVANAGARI.sub(spelled, piece))


def _confused(word: str, random: Random) -> str:
    found = [
        changed
        for pattern, spelling in CONFUSED
        if (changed := pattern.sub(spelling, word, count=1)) != word and changed
    ]
    return random.choice(found) if found else word
