"""What a language screen learns from: the words of texts, in the languages that are served and in others.

Hindi is also there in Latin letters, as it is typed, and utterances with a slot's value in another served language: both are
to be answered.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

from polyparse.corpora.noise.code_mixing import CodeMixing
from polyparse.corpora.noise.romanisation import draw_style, romanise
from polyparse.corpora.noise.typo import typo
from polyparse.text.language import bears_evidence
from polyparse.text.tokens import tokenise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from polyparse.corpora.example import Example

    Words = tuple[str, ...]

ROMANISED_DRAWS = 4
"""Spellings drawn for each text."""
SLIPS = 2
"""Of the keyboard, in every other draw: there each word has a spelling of its own too, for few writers keep to one."""


@dataclass(frozen=True)
class SpokenTexts:
    """The words that bear evidence of each text; the lists of lists have an entry for each served locale, in their order."""

    plain: Sequence[Sequence[Words]]
    romanised: Sequence[Sequence[Words]]
    mixed: Sequence[Sequence[Words]]
    unserved: Mapping[str, Sequence[Words]]

    def without(self, locale: str) -> SpokenTexts:
        """The same, as if nothing was known of an unserved locale."""
        remaining = {name: texts for name, texts in self.unserved.items() if name != locale}
        return SpokenTexts(self.plain, self.romanised, self.mixed, remaining)


def texts_of(examples: Iterable[Example], locales: Sequence[str], *, seed: int = 0) -> SpokenTexts:
    """The texts of a corpus; those of an unserved locale whose language is served are left out."""
    by_locale: defaultdict[str, list[Example]] = defaultdict(list)
    for example in examples:
        by_locale[example.locale].append(example)
    served = [by_locale[locale] for locale in locales]
    mixing = CodeMixing(example for of_locale in served for example in of_locale)
    languages = {language_of(locale) for locale in locales}
    return SpokenTexts(
        plain=[words_of(example.text for example in of_locale) for of_locale in served],
        romanised=[_romanised(of_locale, seed) for of_locale in served],
        mixed=[_mixed(of_locale, mixing, seed) for of_locale in served],
        unserved={
            locale: words_of(example.text for example in of_locale)
            for locale, of_locale in by_locale.items()
            if language_of(locale) not in languages
        },
    )


def words_of(texts: Iterable[str]) -> list[Words]:
    """The words that bear evidence of each text that has some."""
    words = (tuple(token.text for token in tokenise(text) if bears_evidence(token.text)) for text in texts)
    return [each for each in words if each]


def language_of(locale: str) -> str:
    """The language of a locale: "pt" of pt-PT."""
    return re.split("[-_]", locale)[0].lower()


def _romanised(examples: Sequence[Example], seed: int) -> list[Words]:
    texts = []
    for draw in range(ROMANISED_DRAWS):
        for example in examples:
            random = Random(f"{seed} {draw} {example.id}")
            text = romanise(example.text, draw_style(random))
            if text != example.text:
                texts.append(_carelessly(example, random) if draw % 2 else text)
    return words_of(texts)


def _carelessly(example: Example, random: Random) -> str:
    text = " ".join(romanise(word, draw_style(random)) for word in example.text.split())
    typed = replace(example, text=text, slots=())
    for _ in range(SLIPS):
        typed = typo(typed, random) or typed
    return typed.text


def _mixed(examples: Sequence[Example], mixing: CodeMixing, seed: int) -> list[Words]:
    drawn = (mixing(example, Random(f"{seed} {example.locale} {example.id}")) for example in examples)
    return words_of(example.text for example in drawn if example is not None)
