"""Slot values swapped between training utterances: "play [music_genre : jazz]" also trains as "play [music_genre : cumbia]".

An utterance keeps its words around the slots, so that they are learnt as a context for any value; a value from another
language makes a code-mixed utterance, and one from outside of the corpus has words that it lacks. A new draw every epoch,
the same for the same seed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Protocol

from polyparse.bounds import SHARE, check_bounds
from polyparse.corpora.example import TextSpan
from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.corpora.example import Example


@dataclass(frozen=True, kw_only=True)
class SwapConfig:
    """Shares: `utterances` of those with slots that change, `slots` of theirs, `foreign` of new values from any language.

    `outside` is the share of new values from outside of the corpus, where a slot has such; the others are the corpus's.
    """

    utterances: float = 0.0
    slots: float = 0.5
    foreign: float = 0.1
    outside: float = 0.0

    def __post_init__(self) -> None:
        check_bounds(self, utterances=SHARE, slots=SHARE, foreign=SHARE, outside=SHARE)


class ValueSource(Protocol):
    """Where values come from that the corpus need not have."""

    def draw(self, locale: str, slot: str, random: Random, /) -> str | None:
        """A value of the slot in the language of the locale; None where there is none."""


class SlotSwap:
    """Draws values uniformly from the distinct ones of a slot, in one language or in all; some from a source outside."""

    def __init__(
        self, examples: Sequence[Example], config: SwapConfig, source: ValueSource | None = None
    ) -> None:
        if config.outside and source is None:
            raise ConfigError(
                f"swap.outside: found {config.outside:g} without a source of values, expected one"
            )
        self._config, self._source = config, source
        values: defaultdict[tuple[str | None, str], dict[str, None]] = defaultdict(dict)
        for example in examples:
            for span in example.slots:
                value = example.text[span.start : span.end]
                values[example.locale, span.name][value] = None
                values[None, span.name][value] = None
        self._values = {key: list(distinct) for key, distinct in values.items()}

    def draw(self, examples: Sequence[Example], seed: int) -> list[Example]:
        """The examples in their order, some with other values, their spans moved along."""
        random = Random(seed)
        share = self._config.utterances
        return [
            self._swapped(example, random) if example.slots and random.random() < share else example
            for example in examples
        ]

    def _swapped(self, example: Example, random: Random) -> Example:
        text, spans, end = "", [], 0
        for span in sorted(example.slots, key=lambda span: span.start):
            value = example.text[span.start : span.end]
            if random.random() < self._config.slots:
                value = self._drawn(example.locale, span.name, random)
            text += example.text[end : span.start]
            spans.append(TextSpan(span.name, len(text), len(text) + len(value)))
            text += value
            end = span.end
        return replace(example, text=text + example.text[end:], slots=tuple(spans))

    def _drawn(self, locale: str, slot: str, random: Random) -> str:
        outside = self._config.outside  # without it the draws of older runs stay the same
        if self._source is not None and outside and random.random() < outside:
            value = self._source.draw(locale, slot, random)
            if value is not None:
                return value
        of_any = random.random() < self._config.foreign
        return random.choice(self._values[None if of_any else locale, slot])
