"""The kinds of noise, by name. Each takes an example and a random generator, and returns the noisy example."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from polyparse.corpora.noise.chat import chat_spelled
from polyparse.corpora.noise.code_mixing import CodeMixing
from polyparse.corpora.noise.function_words import function_word_dropped
from polyparse.corpora.noise.letters import diacritics_removed, marks_removed, romanised, upper_cased
from polyparse.corpora.noise.respelling import respelled
from polyparse.corpora.noise.speech import filler, please, repeated, tail_cut, wake_word
from polyparse.corpora.noise.typo import typo
from polyparse.corpora.noise.written import glued, written

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
"""The kinds that need nothing but the example, for training and for measuring."""
LEARNT: Mapping[str, Noise] = {"filler": filler, "respelled": respelled}
"""The kinds for training alone: what SPOKEN has in its place, `please` and `chat`, says what is learnt by them."""
SPOKEN: Mapping[str, Noise] = {
    "written": written,
    "glued": glued,
    "wake_word": wake_word,
    "please": please,
    "repeat": repeated,
    "tail_cut": tail_cut,
    "chat": chat_spelled,
}
"""The kinds of speech, its recognition and chats, for measuring alone: a model that learnt from them would judge itself."""


def kinds_of(examples: Sequence[Example]) -> dict[str, Noise]:
    """The kinds that training may draw: KINDS, LEARNT, and "code_mixing" with the values of these examples."""
    return {**KINDS, **LEARNT, "code_mixing": CodeMixing(examples)}


def measured_kinds_of(examples: Sequence[Example]) -> dict[str, Noise]:
    """The kinds whose cost is measured: KINDS, "code_mixing" with the values of these examples, and SPOKEN."""
    return {**KINDS, "code_mixing": CodeMixing(examples), **SPOKEN}
