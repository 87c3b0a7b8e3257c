"""Translation by nearest neighbours: how often a word's translation is the nearest one, or among the five nearest.

Measured on source words (a word with several translations counts once; any of them is right), of those that both spaces
cover; coverage stands beside it. Words that are translated by themselves are measured apart: they are found easily.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from polyparse.errors import ConfigError
from train.vectors.neighbours import K, best, nearness

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from train.embeddings.word_space import WordSpace
    from train.vectors.dictionary import WordPairs

AT = (1, 5)
"""Ranks up to which a translation counts as found."""


class TranslationHits(NamedTuple):
    """Additive counts: source words that were looked up, and of how many a translation was within each rank of AT."""

    words: int
    nn: tuple[int, ...]
    csls: tuple[int, ...]

    def precision(self, measure: str) -> list[float]:
        """Of "nn" or "csls": the share of words at each rank of AT; 0 where no word was looked up."""
        return [found / max(1, self.words) for found in getattr(self, measure)]


class TranslationMeasures(NamedTuple):
    """`by_kind` has "all", "identical" and "others"; `asked` source words stood in the dictionary."""

    asked: int
    by_kind: Mapping[str, TranslationHits]

    @property
    def coverage(self) -> float:
        """The share of the source words that could be looked up."""
        return self.by_kind["all"].words / self.asked


def measure(
    source: WordSpace, target: WordSpace, pairs: WordPairs, *, without: Collection[str] = (), k: int = K
) -> TranslationMeasures:
    """Look up every source word of the dictionary that is not in `without`, such as those that an alignment learnt from.

    Both spaces have unit length. Raises ConfigError where they differ in size, or no word can be looked up.
    """
    if source.size != target.size:
        raise ConfigError(f"found vectors of {source.size} and of {target.size} numbers, expected one size")
    translations: dict[str, list[str]] = {}
    for word, other in pairs:
        if word not in without:
            translations.setdefault(word, []).append(other)
    right = {
        word: {target.rows[other] for other in others if other in target.rows}
        for word, others in translations.items()
        if word in source.rows
    }
    words = [word for word, rows in right.items() if rows]
    if not words:
        raise ConfigError(
            f"found none of {len(translations)} source words of the dictionary in one file, and their translations in the"
            " other, expected some"
        )
    queries_QE = source.vectors_VE[[source.rows[word] for word in words]]
    r_of_T = nearness(target.vectors_VE, source.vectors_VE, k=k)
    found = {
        "nn": best(queries_QE, target.vectors_VE, max(AT)),
        "csls": best(queries_QE, target.vectors_VE, max(AT), np.float32(0.5) * r_of_T),
    }
    ranks = {
        name: [_rank(rows_N.tolist(), right[word]) for word, rows_N in zip(words, rows_QN, strict=True)]
        for name, rows_QN in found.items()
    }
    is_identical = [word in translations[word] for word in words]
    return TranslationMeasures(
        len(translations),
        {
            "all": _hits(ranks, [True] * len(words)),
            "identical": _hits(ranks, is_identical),
            "others": _hits(ranks, [not each for each in is_identical]),
        },
    )


def _rank(rows: Sequence[int], right: Collection[int]) -> int:
    """The place of the first right row, from 1; beyond all places of AT where none is right."""
    return next((place for place, row in enumerate(rows, start=1) if row in right), max(AT) + 1)


def _hits(ranks: Mapping[str, Sequence[int]], counted: Sequence[bool]) -> TranslationHits:
    found = {
        name: tuple(
            sum(rank <= at for rank, is_counted in zip(places, counted, strict=True) if is_counted)
            for at in AT
        )
        for name, places in ranks.items()
    }
    return TranslationHits(sum(counted), nn=found["nn"], csls=found["csls"])
