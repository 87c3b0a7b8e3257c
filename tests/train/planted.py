"""Two corpora in which the end of a word alone tells its slot, so that one teaches what few utterances of the other do not.

Words are made of drawn syllables, so that hardly one is seen twice, and stand in any order, so that neighbours tell nothing.
"""

from __future__ import annotations

import random
from itertools import product

from polyparse.corpora.example import Example, TextSpan

ENDS = {
    "city": ("ville", "burg", "stad", "polis", "ton", "ford"),
    "person": ("sson", "ova", "ez", "ini", "sen", "wich"),
    "thing": ("tron", "max", "ix", "ette", "gen", "lux"),
}
FILLERS = ("the", "and", "with", "for", "now")
SYLLABLES = tuple(map("".join, product("bdklmrts", "aeiou", ("", "n", "r", "x", "t", "k"))))
PREFIX = "source_"
"""With which the slots of the source begin where they are called otherwise."""


def planted(n: int, seed: int, *, prefix: str = "") -> list[Example]:
    """So many utterances of two to four words with slots, each after a filler; slot names begin with the prefix."""
    draw, made = random.Random(seed), []
    for number in range(n):
        words, spans, start = [], [], 0
        for _ in range(draw.randint(2, 4)):
            slot = draw.choice(sorted(ENDS))
            filler = draw.choice(FILLERS)
            word = "".join(draw.choices(SYLLABLES, k=2)) + draw.choice(ENDS[slot])
            start += len(filler) + 1
            spans.append(TextSpan(f"{prefix}{slot}", start, start + len(word)))
            start += len(word) + 1
            words += [filler, word]
        made.append(Example(f"{seed}-{number}", " ".join(words), "en-US", "train", None, None, tuple(spans)))
    return made
