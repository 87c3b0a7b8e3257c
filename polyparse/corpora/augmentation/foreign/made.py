"""Texts that ask for what no domain covers: made of lists, with people, places and times of a corpus in them.

So neither a name nor a time tells them from the corpus: both have the same. Nothing is said around them, such as "please":
only the corpus says how it is addressed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from polyparse.bounds import POSITIVE, SHARE, check_bounds
from polyparse.contract.locales import language_of
from polyparse.corpora.augmentation.foreign.lists import LANGUAGES, lists_of, text_of
from polyparse.text.diacritics import without_diacritics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from polyparse.corpora.augmentation.foreign.lists import Topic
    from polyparse.corpora.example import Example

SLOTS = {"person": "person", "place": "place_name", "time": "time", "date": "date"}
"""Fields of a wording -> the slots of MASSIVE whose values stand there."""
_FIELD = re.compile(r"{(\w+)}")


@dataclass(frozen=True, kw_only=True)
class ForeignConfig:
    """`copies` are made of a text that has a field; `plain` is the share of texts without accents or apostrophes."""

    copies: int = 3
    plain: float = 0.1

    def __post_init__(self) -> None:
        check_bounds(self, copies=POSITIVE, plain=SHARE)


class ForeignText(NamedTuple):
    """A text of a kind, a task or talk, and its topic."""

    text: str
    locale: str
    kind: str
    topic: str


def made(examples: Sequence[Example], config: ForeignConfig, seed: int) -> list[ForeignText]:
    """Texts in the languages that have lists, each once; the same for the same seed."""
    texts: list[ForeignText] = []
    for locale in dict.fromkeys(example.locale for example in examples):
        language = language_of(locale)
        if language in LANGUAGES:
            values = _values(example for example in examples if example.locale == locale)
            random = Random(f"foreign {locale} {seed}")
            texts += _of_lists(lists_of(language), locale, values, config, random)
    return list(dict.fromkeys(texts))


def _of_lists(
    topics: Sequence[Topic],
    locale: str,
    values: Mapping[str, Sequence[str]],
    config: ForeignConfig,
    random: Random,
) -> Iterator[ForeignText]:
    language = language_of(locale)
    for kind, name, things, wordings in topics:
        for wording in wordings:
            for thing in things if "{x}" in wording else [""]:
                template = wording.replace("{x}", thing)
                for _ in range(config.copies if _FIELD.search(template) else 1):
                    drawn = {field: random.choice(values.get(field) or [""]) for field in SLOTS}
                    text = _written(text_of(template, language, drawn), config, random)
                    yield ForeignText(text, locale, kind, name)


def _written(text: str, config: ForeignConfig, random: Random) -> str:
    text = " ".join(text.split())
    return without_diacritics(text.replace("'", "")) if random.random() < config.plain else text


def _values(examples: Iterator[Example]) -> dict[str, list[str]]:
    """The values of a locale's slots by field, each once."""
    names = {slot: field for field, slot in SLOTS.items()}
    values: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for example in examples:
        for span in example.slots:
            if span.name in names:
                values[names[span.name]][example.text[span.start : span.end]] = None
    return {field: list(found) for field, found in values.items()}
