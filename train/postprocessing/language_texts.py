"""What a language screen learns from: the words of texts, in the languages that are served and in others.

Served text is there with noise too, which is to be answered: Hindi in Latin letters, as it is typed, words without the signs
on their letters, slips of the keyboard, a slot's value in another served language. The frequent words of each served
language are there by its list: its texts lack most of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from random import Random
from typing import TYPE_CHECKING

from polyparse.contract.locales import language_of
from polyparse.corpora.noise.code_mixing import CodeMixing
from polyparse.corpora.noise.letters import diacritics_removed, marks_removed
from polyparse.corpora.noise.romanisation import draw_style, romanise
from polyparse.corpora.noise.typo import typo
from polyparse.text.language import bears_evidence
from polyparse.text.tokens import tokenise
from train.embeddings.word_lists import wordfreq_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from polyparse.corpora.example import Example
    from train.embeddings.word_lists import WordList

    Words = tuple[str, ...]
    Noise = Callable[[Example, Random], Example | None]

LISTED = 15_000
"""Words of a language's list. Further down stand more and more words of its neighbours."""
ROMANISED_DRAWS = 4
"""Spellings drawn for each text, every other one carelessly."""
SLIPS = 2
"""Of the keyboard, where one writes carelessly."""


@dataclass(frozen=True)
class SpokenTexts:
    """The words that bear evidence of each text; the lists of lists have an entry for each served locale, in their order.

    `noisy` has, by kind of noise, the texts that it changes; `listed` words of lists, `unserved` texts by locale.
    """

    plain: Sequence[Sequence[Words]]
    noisy: Mapping[str, Sequence[Sequence[Words]]]
    listed: Sequence[Sequence[str]]
    unserved: Mapping[str, Sequence[Words]]

    def without(self, locale: str) -> SpokenTexts:
        """The same, as if nothing was known of an unserved locale."""
        remaining = {name: texts for name, texts in self.unserved.items() if name != locale}
        return replace(self, unserved=remaining)


def texts_of(
    examples: Iterable[Example], locales: Sequence[str], *, seed: int = 0, word_list: WordList = wordfreq_list
) -> SpokenTexts:
    """The texts of a corpus; those of an unserved locale whose language is served are left out.

    Raises ConfigError where the package of the word lists is missing.
    """
    by_locale: defaultdict[str, list[Example]] = defaultdict(list)
    for example in examples:
        by_locale[example.locale].append(example)
    served = [by_locale[locale] for locale in locales]
    noises = _noises(example for of_locale in served for example in of_locale)
    languages = {language_of(locale) for locale in locales}
    return SpokenTexts(
        plain=[words_of(example.text for example in of_locale) for of_locale in served],
        noisy={
            kind: [words_of(_with_noise(of_locale, draws, seed)) for of_locale in served]
            for kind, draws in noises.items()
        },
        listed=[_listed(language_of(locale), word_list) for locale in locales],
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


def _listed(language: str, word_list: WordList) -> list[str]:
    """None of a language without a list."""
    try:
        words = word_list(language, LISTED)
    except LookupError:
        return []
    return list(dict.fromkeys(chain.from_iterable(words_of(words))))


def _noises(served: Iterable[Example]) -> dict[str, Sequence[Noise]]:
    """How each kind of text is made, with a draw of its own for each."""
    return {
        "romanised": [_romanised, _romanised_carelessly] * (ROMANISED_DRAWS // 2),
        "bare": [diacritics_removed, marks_removed],
        "typed": [typo],
        "mixed": [CodeMixing(served)],
    }


def _with_noise(examples: Sequence[Example], noises: Sequence[Noise], seed: int) -> Iterator[str]:
    for draw, noise in enumerate(noises):
        for example in examples:
            changed = noise(example, Random(f"{seed} {draw} {example.id}"))
            if changed is not None and changed.text != example.text:
                yield changed.text


def _romanised(example: Example, random: Random) -> Example:
    return replace(example, text=romanise(example.text, draw_style(random)), slots=())


def _romanised_carelessly(example: Example, random: Random) -> Example | None:
    """Each word in a spelling of its own, for few writers keep to one, and with slips."""
    if romanise(example.text, draw_style(random)) == example.text:
        return None
    text = " ".join(romanise(word, draw_style(random)) for word in example.text.split())
    typed = replace(example, text=text, slots=())
    for _ in range(SLIPS):
        typed = typo(typed, random) or typed
    return typed
