"""Slot values swapped between training utterances: "play [music_genre : jazz]" also trains as "play [music_genre : cumbia]".

An utterance keeps its words around the slots, so that they are learnt as a context for any value; a value from another
language makes a code-mixed utterance. A new draw every epoch, the same for the same seed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

from polyparse.bounds import SHARE, check_bounds
from polyparse.corpora.example import TextSpan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.corpora.example import Example


@dataclass(frozen=True, kw_only=True)
class SwapConfig:
    """Shares: `utterances` of those with slots that change, `slots` of theirs, `foreign` of new values from any language."""

    utterances: float = 0.0
    slots: float = 0.5
    foreign: float = 0.1

    def __post_init__(self) -> None:
        check_bounds(self, utterances=SHARE, slots=SHARE, foreign=SHARE)


class SlotSwap:
    """Draws values uniformly from the distinct ones of a slot, in one language or in all."""

    def __init__(self, examples: Sequence[Example], config: SwapConfig) -> None:
        self._config = config
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
                locale = None if random.random() < self._config.foreign else example.locale
                value = random.choice(self._values[locale, span.name])
            text += example.text[end : span.start]
            spans.append(TextSpan(span.name, len(text), len(text) + len(value)))
            text += value
            end = span.end
        return replace(example, text=text + example.text[end:], slots=tuple(spans))
