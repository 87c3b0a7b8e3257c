"""The rules of a language: which words negate, which verbs ask for something, and how a request of these is negated.

A line of `rules/<language>.txt` is a kind and what belongs to it. Of words apart: `cues`, without one of which nothing is
negated; `skipped`, which may stand before a request; `particles`, which join; `others`, with which texts may begin, or end
in Hindi, though they ask for nothing; `things` that can be unwanted; `verbs`, those `making` something that can be unwanted
and those `playing` something, each with forms that no rule gives. Of whole lines: templates of requests that are `negated`
and of those that are `kept` although they hold a cue, where `*` stands for a word or words `inside`; what may stand `before`
and `behind` either; an `aside`, which negates something else, before those that are kept. A `closing` ends a dialogue,
between an `opener` and a `tail`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LANGUAGES = ("en", "es", "hi", "it")
VERBS = ("verbs", "making", "playing")
WORDS = ("cues", "skipped", "particles", "others", "things", *VERBS)


@dataclass(frozen=True)
class Rules:
    """Words and templates by kind; `verbs` are forms of each verb, the first one its name."""

    cues: frozenset[str]
    skipped: frozenset[str]
    particles: frozenset[str]
    others: frozenset[str]
    things: tuple[str, ...]
    verbs: Mapping[str, tuple[tuple[str, ...], ...]]
    negated: tuple[str, ...]
    kept: tuple[str, ...]
    inside: tuple[str, ...]
    before: tuple[str, ...]
    behind: tuple[str, ...]
    asides: tuple[str, ...]
    closings: tuple[str, ...]
    openers: tuple[str, ...]
    tails: tuple[str, ...]

    @property
    def verb_names(self) -> frozenset[str]:
        """The first form of every verb."""
        return frozenset(forms[0] for verbs in self.verbs.values() for forms in verbs)


@lru_cache(maxsize=len(LANGUAGES))
def rules_of(language: str) -> Rules:
    """The rules of one of LANGUAGES."""
    text = files(__package__).joinpath(f"rules/{language}.txt").read_text(encoding="utf-8")
    lines = [line.split(" ", 1) for line in text.splitlines()]

    def of(kind: str) -> tuple[str, ...]:
        found = [value for name, value in lines if name == kind]
        return tuple(word for value in found for word in value.split()) if kind in WORDS else tuple(found)

    return Rules(
        cues=frozenset(of("cues")),
        skipped=frozenset(of("skipped")),
        particles=frozenset(of("particles")),
        others=frozenset(of("others")),
        things=of("things"),
        verbs={kind: _forms(of(kind)) for kind in VERBS},
        negated=of("negated"),
        kept=of("kept"),
        inside=of("inside"),
        before=of("before"),
        behind=of("behind"),
        asides=of("aside"),
        closings=of("closing"),
        openers=of("opener"),
        tails=of("tail"),
    )


def _forms(words: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(word.split(",")) for word in words)
