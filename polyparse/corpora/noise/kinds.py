"""The kinds of noise, by name. Each takes an example and a random generator, and returns the noisy example."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from polyparse.corpora.noise.code_mixing import CodeMixing
from polyparse.corpora.noise.function_words import function_word_dropped
from polyparse.corpora.noise.letters import diacritics_removed, marks_removed, romanised, upper_cased
from polyparse.corpora.noise.typo import typo

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

    from polyparse.corpora.example import Example


class Noise(Protocol):
    """One kind; it never leaves a text or a slot empty, and keeps the slots' names and order."""

    def __call__(self, example: Example, random: Random, /) -> Example | None:
        """The noisy example, decided by the state of `random` alone; None where the kind changes nothing."""


KINDS: Mapping[str, Noise] = {
    "typo": typo,
    "diacritics": diacritics_removed,
    "upper_case": upper_cased,
    "romanised": romanised,
    "function_word": function_word_dropped,
    "marks": marks_removed,
}
"""The kinds that need nothing but the example."""


def kinds_of(examples: Sequence[Example]) -> dict[str, Noise]:
    """All kinds: KINDS, and "code_mixing" with the values of these examples."""
    return {**KINDS, "code_mixing": CodeMixing(examples)}
