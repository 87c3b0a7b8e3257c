"""Lists of topics that no domain covers: what is asked about, and the wordings that ask for it.

task openings            a topic of a kind, until the next one; a topic may have several such blocks
x the skylight; the cat flap
open {x} for {person}    every wording goes with every thing; one without {x} is a whole text
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LANGUAGES = ("en", "es", "hi", "it")
TASK, TALK = KINDS = ("task", "talk")
THING = "{x}"


class Topic(NamedTuple):
    """A block of a list: its things, and the wordings that go with each of them."""

    kind: str
    name: str
    things: Sequence[str]
    wordings: Sequence[str]


@lru_cache(maxsize=len(LANGUAGES))
def lists_of(language: str) -> tuple[Topic, ...]:
    """The lists of one of LANGUAGES that training reads, all blocks in their order."""
    return parse(files(__package__).joinpath(f"phrases/{language}.txt").read_text(encoding="utf-8"))


def parse(text: str) -> tuple[Topic, ...]:
    """Lists as they are written; raises ValueError for a wording before any topic."""
    topics: list[Topic] = []
    for line in text.splitlines():
        head, _, rest = line.partition(" ")
        if head in KINDS and rest and " " not in rest and THING not in rest:
            topics.append(Topic(head, rest, [], []))
        elif not topics:
            raise ValueError(f"found {line!r}, expected a topic first")
        elif head == "x":
            topics[-1] = topics[-1]._replace(things=rest.split("; "))
        else:
            topics[-1] = topics[-1]._replace(wordings=[*topics[-1].wordings, line])
    return tuple(topics)


def text_of(wording: str, language: str, values: Mapping[str, str]) -> str:
    """A wording with a value for each of its fields; articles run into the word before them where a language has it so."""
    return _CONTRACTED.get(language, _NOTHING).sub(_contraction, wording.format_map(values))


_WITH_ARTICLE: Mapping[str, str] = {
    "a": "al allo alla all' ai agli alle",
    "da": "dal dallo dalla dall' dai dagli dalle",
    "di": "del dello della dell' dei degli delle",
    "in": "nel nello nella nell' nei negli nelle",
    "su": "sul sullo sulla sull' sui sugli sulle",
}
"""Italian prepositions before il, lo, la, l', i, gli, le."""
_CONTRACTIONS = {
    **{
        f"{preposition} {article}": contracted
        for preposition, all_contracted in _WITH_ARTICLE.items()
        for article, contracted in zip(
            ["il", "lo", "la", "l'", "i", "gli", "le"], all_contracted.split(), strict=True
        )
    },
    "a el": "al",
    "de el": "del",
}
_NOTHING = re.compile(r"(?!)")
_CONTRACTED = {
    "es": re.compile(r"\b(?:a|de) el\b"),
    "it": re.compile(r"\b(?:a|da|di|in|su) (?:(?:il|lo|la|i|gli|le)\b|l')"),
}


def _contraction(match: re.Match[str]) -> str:
    return _CONTRACTIONS[match.group()]
