"""Utterances with new words: those that no training utterance of their locale has, be they known to a model or not."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from polyparse.text.forms import words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Set

    from polyparse.corpora.example import Example
    from polyparse.evaluation.evaluate import Case


def words_by_locale(examples: Iterable[Example]) -> dict[str, set[str]]:
    """The words of the utterances of each locale."""
    words: defaultdict[str, set[str]] = defaultdict(set)
    for example in examples:
        words[example.locale].update(words_of(example.text))
    return dict(words)


def with_new_words(cases: Iterable[Case], known: Mapping[str, Set[str]]) -> list[Case]:
    """The utterances with a word that is none of those `known` in their locale."""
    return [case for case in cases if {*words_of(case.example.text)} - known.get(case.example.locale, set())]
