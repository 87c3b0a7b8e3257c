"""Parses a corpus, and measures the frames."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from polyparse.contract.frame import Frame, Utterance
from polyparse.errors import InputError, UnknownLocale
from polyparse.evaluation.measures import Counts, report, score
from polyparse.text.tokens import MAX_CHARACTERS, check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from polyparse.corpora.example import Example
    from polyparse.inference.parser import Parser
    from polyparse.text.vectorizer import Item


class Case(NamedTuple):
    """An utterance with its true labels, and the frame that answers it."""

    example: Example
    frame: Frame


def measure(examples: Sequence[Example], frames: Sequence[Frame]) -> dict[str, Any]:
    """{"locales": {locale: measures}, "mean": measures}, as fractions."""
    counts: defaultdict[str, Counts] = defaultdict(Counts)
    for example, frame in zip(examples, frames, strict=True):
        counts[example.locale] += score(example, frame)
    return report(counts)


def answer(parser: Parser, examples: Sequence[Example]) -> tuple[list[Frame], Counter[str]]:
    """A frame for each example, and how many texts were refused, by error code.

    The frame of a refused text has no domain, intent or slots; a locale that is not served is left out of the utterance.
    """
    items: dict[int, Item] = {}
    frames: dict[int, Frame] = {}
    codes: Counter[str] = Counter()
    for position, example in enumerate(examples):
        locale = served_locale(parser, example.locale)
        try:
            check(example.text, max_chars=MAX_CHARACTERS)
            items[position] = parser.prepare(Utterance(example.text, locale))
        except InputError as error:
            codes[error.code] += 1
            frames[position] = Frame(example.text, locale, None, None, (), 0.0)
    frames.update(zip(items, parser.run_all(list(items.values())), strict=True))
    return [frames[position] for position in range(len(examples))], codes


def intents_right(parser: Parser, examples: Sequence[Example]) -> NDArray[np.bool_]:
    """Whether each example is answered by its intent, shape (B,)."""
    frames, _ = answer(parser, examples)
    intents = [None if frame.intent is None else frame.intent.name for frame in frames]
    return np.array([found == example.intent for found, example in zip(intents, examples, strict=True)])


def served_locale(parser: Parser, locale: str) -> str | None:
    """The served locale that answers for `locale`; None where the model serves none of its language."""
    try:
        return parser.resolve_locale(locale)
    except UnknownLocale:
        return None
