"""Number words of training utterances written in digits: "at [time : seven p. m.]" also trains as "at [time : 7 p.m.]".

A model that has only read number words does not know "7:30" or "7बजे", as people type and speech recognisers write them. A
slot keeps what it says; a number and its unit on two sides of a slot's edge are not written as one. A new draw every epoch,
the same for the same seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from polyparse.bounds import SHARE, check_bounds
from polyparse.contract.locales import language_of
from polyparse.corpora.augmentation.number_names import named_numbers
from polyparse.corpora.augmentation.written_styles import DATES, EXPECTED, ORDINAL_MARKS, STYLES
from polyparse.corpora.pieces import formatted, rewritten_by_slot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.corpora.example import Example

TABLE_DRAWS = 2
_NATIVE = str.maketrans("0123456789", "०१२३४५६७८९")
_ENGLISH = {1: "st", 2: "nd", 3: "rd"}


@dataclass(frozen=True, kw_only=True)
class WrittenConfig:
    """Shares: `utterances` of those that say a number, and `native` of the Hindi ones among them, in Devanagari digits."""

    utterances: float = 0.0
    native: float = 0.2

    def __post_init__(self) -> None:
        check_bounds(self, utterances=SHARE, native=SHARE)


class WrittenForms:
    """Draws which utterances are written in digits, and how."""

    def __init__(self, config: WrittenConfig) -> None:
        self._config = config

    def draw(self, examples: Sequence[Example], seed: int) -> list[Example]:
        """The examples in their order, some in digits, their spans moved along."""
        share = self._config.utterances
        if not share:
            return list(examples)
        random = Random(f"written forms {seed}")  # apart from whatever else is drawn by this seed
        return [self._drawn(example, random) if random.random() < share else example for example in examples]

    def _drawn(self, example: Example, random: Random) -> Example:
        return in_digits(example, random, native=self._config.native) or example


def in_digits(example: Example, random: Random, *, native: float = 0.0) -> Example | None:
    """One written form of the example, decided by the state of `random`; None where it says no number."""
    language = language_of(example.locale)
    if language not in STYLES:
        return None
    mark = random.choice(ORDINAL_MARKS.get(language, ("",)))
    is_native = language == "hi" and random.random() < native

    def rewrite(piece: str, slot: str | None) -> str:
        text = _numbers_in_digits(piece, slot, language, mark)
        if text == piece:
            return piece
        text, _ = formatted(text, slot, STYLES[language], random)
        return text.translate(_NATIVE) if is_native else text

    return rewritten_by_slot(example, rewrite)


def with_written(examples: Sequence[Example], config: WrittenConfig) -> list[Example]:
    """The examples, then those that `TABLE_DRAWS` draws write in digits, which are other words.

    Whatever is made once of training text (vocabulary, features, MaxEnt, n-grams) is made of these.
    """
    forms = WrittenForms(config)
    draws = [forms.draw(examples, seed) for seed in range(TABLE_DRAWS)]
    return [
        *examples,
        *(
            form
            for draw in draws
            for form, example in zip(draw, examples, strict=True)
            if form is not example
        ),
    ]


def _numbers_in_digits(piece: str, slot: str | None, language: str, mark: str) -> str:
    text, end = "", 0
    for number in named_numbers(piece, language):
        if not (number.is_certain or slot in (DATES if number.is_ordinal else EXPECTED)):
            continue
        text += piece[end : number.start] + number.digits
        if number.is_ordinal:
            text += _english_mark(int(number.digits)) if language == "en" else mark
        end = number.end
    return text + piece[end:]


def _english_mark(value: int) -> str:
    return "th" if 10 < value % 100 < 14 else _ENGLISH.get(value % 10, "th")
