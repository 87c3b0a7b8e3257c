"""Everyday words for "on", "off", "up" and "down": "turn the lights off" also trains as "shut the lights off".

A model that has read "turn off" alone takes "kill the lights" for any request about lights, the more frequent one first.
Where the verb of such a request is known, another wording of the same sense takes its place: label and slots stay. MASSIVE
turns lights off seven times as often as on, so that verbs which are not known read as off: some of the more frequent
requests become their opposite, in its words and with its intent. A new draw every epoch, the same for the same seed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from polyparse.bounds import SHARE, check_bounds
from polyparse.contract.locales import language_of
from polyparse.corpora.augmentation.switch_words import OPPOSITES, SENSES, WORDINGS, find, keys_of
from polyparse.corpora.example import TextSpan
from polyparse.text.tokens import tokenise

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from polyparse.corpora.augmentation.switch_words import Found, Wording
    from polyparse.corpora.example import Example
    from polyparse.text.tokens import Token

TABLE_DRAWS = 4
PRONOUNS = frozenset({"it", "them", "this", "that"})
"""Objects that stand before a particle: "kill it", "shut it off"."""
SHORT_OBJECT = 3
"""At most so many words behind a verb are its object, if there are no others."""


@dataclass(frozen=True, kw_only=True)
class EverydayConfig:
    """Shares: `utterances` of those whose verb is known, which get another wording.

    Of these, where the opposite request is m times as frequent, m < 1, `opposite` times 1 - m become it.
    """

    utterances: float = 0.0
    opposite: float = 0.0

    def __post_init__(self) -> None:
        check_bounds(self, utterances=SHARE, opposite=SHARE)


class EverydayWords:
    """Draws which requests get another wording, and which one."""

    def __init__(self, examples: Sequence[Example], config: EverydayConfig) -> None:
        """The examples tell how frequent each intent is; those that none of them has are not asked for."""
        self._config = config
        self._counts = Counter(example.intent for example in examples)

    def draw(self, examples: Sequence[Example], seed: int) -> list[Example]:
        """The examples in their order, some in other words, their spans moved along."""
        share = self._config.utterances
        if not share:
            return list(examples)
        random = Random(f"everyday words {seed}")  # apart from whatever else is drawn by this seed
        return [
            self._drawn(example, random) if example.intent in SENSES and random.random() < share else example
            for example in examples
        ]

    def _drawn(self, example: Example, random: Random) -> Example:
        opposite = OPPOSITES.get(example.intent or "")
        undoes = random.random() < self._undone(example.intent, opposite)
        return reworded(example, random, intent=opposite if undoes else example.intent) or example

    def _undone(self, intent: str | None, opposite: str | None) -> float:
        """The share of an intent's requests that become the opposite ones."""
        if opposite is None or not self._counts[opposite]:
            return 0.0
        return self._config.opposite * max(0.0, 1.0 - self._counts[opposite] / self._counts[intent])


def with_everyday(examples: Sequence[Example], config: EverydayConfig) -> list[Example]:
    """The examples, then those that `TABLE_DRAWS` draws say in other words.

    Whatever is made once of training text (vocabulary, features, MaxEnt, n-grams) is made of these.
    """
    words = EverydayWords(examples, config)
    draws = [words.draw(examples, seed) for seed in range(TABLE_DRAWS)]
    changed = [new for draw in draws for new, old in zip(draw, examples, strict=True) if new is not old]
    return [*examples, *changed]


def reworded(example: Example, random: Random, *, intent: str | None) -> Example | None:
    """The example in another wording of what `intent` does; None where its own is not known, or no other has its place.

    A verb keeps its form, a particle its place before or behind the object.
    """
    language = language_of(example.locale)
    tokens = tokenise(example.text)
    found = find(
        keys_of(example.text), language, SENSES[example.intent or ""], _in_slots(tokens, example.slots)
    )
    if found is None:
        return None
    wordings = [wording for wording in WORDINGS[language, SENSES[intent or ""]] if wording != found.wording]
    choices = [edits for wording in wordings if (edits := _edits(example.text, tokens, found, wording))]
    if not choices:
        return None
    text, slots = _edited(example, random.choice(choices))
    weight = example.intent_weight if intent == example.intent else 1.0
    return replace(example, text=text, slots=slots, intent=intent, intent_weight=weight)


class Replacement(NamedTuple):
    """The code points `[start, end)` of a text, and what stands in their place."""

    start: int
    end: int
    text: str


def _in_slots(tokens: Sequence[Token], slots: Sequence[TextSpan]) -> Collection[int]:
    """Numbers of the tokens that slots have a part of."""
    return {
        number
        for number, token in enumerate(tokens)
        for span in slots
        if token.start < span.end and span.start < token.end
    }


def _edits(text: str, tokens: Sequence[Token], found: Found, wording: Wording) -> list[Replacement]:
    """What makes the wording of the one that was found, in the order of the text; nothing where it has no place."""
    if found.form >= len(wording.forms):
        return []
    verb = Replacement(tokens[found.start].start, tokens[found.end - 1].end, wording.forms[found.form])
    old = found.particle
    stays_behind = old is not None and old > found.end
    if wording.particle and old is not None and (stays_behind or not wording.behind_object):
        return [verb, Replacement(tokens[old].start, tokens[old].end, wording.particle)]
    gone = [] if old is None else [Replacement(tokens[old - 1].end, tokens[old].end, "")]
    if not wording.particle:
        return [verb, *gone]
    place = _end_of_object(tokens, found, behind=wording.behind_object)
    return [] if place is None else [verb, *gone, Replacement(place, place, f" {wording.particle}")]


def _end_of_object(tokens: Sequence[Token], found: Found, *, behind: bool) -> int | None:
    """Where a particle goes that was not there: behind the verb, or behind an object that is a pronoun, or `behind` any."""
    first = found.end if found.particle is None else found.particle + 1
    rest = tokens[first:]
    if rest and rest[0].text in PRONOUNS:
        return rest[0].end
    if not behind:
        return tokens[found.end - 1].end
    return rest[-1].end if 0 < len(rest) <= SHORT_OBJECT else None


def _edited(example: Example, edits: Sequence[Replacement]) -> tuple[str, tuple[TextSpan, ...]]:
    """The new text and slots; an edit before a slot moves it."""
    text, end = "", 0
    for edit in edits:
        text += example.text[end : edit.start] + edit.text
        end = edit.end

    def moved(span: TextSpan) -> TextSpan:
        by = sum(len(edit.text) - (edit.end - edit.start) for edit in edits if edit.end <= span.start)
        return TextSpan(span.name, span.start + by, span.end + by)

    return text + example.text[end:], tuple(map(moved, example.slots))
