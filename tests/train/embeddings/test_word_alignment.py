"""Word alignment: words that translate each other weigh most, rare ones too; nothing weighs more than 1."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from train.embeddings.word_alignment import ITERATIONS, alignment

if TYPE_CHECKING:
    from numpy.typing import NDArray

DO, WAKE, ME, NOW = range(4)
FAIRE, REVEILLE, MOI, MAINTENANT, LE = range(5)
TEXTS = [
    ([WAKE, ME], [LE, REVEILLE, MOI]),
    ([WAKE, NOW], [LE, REVEILLE, MAINTENANT]),
    ([DO, ME], [LE, FAIRE, MOI]),
    ([DO, NOW], [LE, FAIRE, MAINTENANT]),
]


def slow(texts: list[tuple[list[int], list[int]]], n_sources: int, n_targets: int) -> NDArray[np.float64]:
    """The slow twin: loops over texts, tokens and words; the last source is the one that stands for none."""
    probability = np.ones((n_sources + 1, n_targets))
    counts = np.zeros_like(probability)
    for _ in range(ITERATIONS):
        counts = np.zeros_like(probability)
        for source, target in texts:
            for token in target:
                words = [*source, n_sources]
                total = sum(probability[word, token] for word in words)
                for word in words:
                    counts[word, token] += probability[word, token] / total
        probability = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1e-12)
    weights: NDArray[np.float64] = probability * counts / np.maximum(counts.sum(axis=0), 1e-12)
    return weights[:n_sources]


def test_it_is_what_loops_over_texts_tokens_and_words_give() -> None:
    rng = np.random.default_rng(3)
    texts = [
        (
            rng.integers(0, 6, size=rng.integers(1, 5)).tolist(),
            rng.integers(0, 7, size=rng.integers(1, 5)).tolist(),
        )
        for _ in range(12)
    ]
    np.testing.assert_allclose(alignment(texts, 6, 7).toarray(), slow(texts, 6, 7), atol=1e-12)


def test_a_word_weighs_most_with_its_translation_and_little_with_what_stands_everywhere() -> None:
    weights = alignment(TEXTS, 4, 5).toarray()
    pairs = {WAKE: REVEILLE, ME: MOI, DO: FAIRE, NOW: MAINTENANT}
    for word, translation in pairs.items():
        others = [target for target in range(5) if target != translation]
        assert all(weights[word, translation] > 3 * weights[word, other] for other in others)


def test_weights_are_from_0_to_1_and_0_for_words_that_share_no_text() -> None:
    weights = alignment(TEXTS, 5, 6).toarray()
    assert weights.shape == (5, 6)
    assert ((weights >= 0.0) & (weights <= 1.0)).all()
    together = {pair for source, target in TEXTS for pair in product(source, target)}
    assert all(weights[pair] == 0.0 for pair in product(range(5), range(6)) if pair not in together)


def test_texts_without_words_and_no_texts_give_no_weight() -> None:
    assert alignment([], 2, 3).nnz == 0
    assert alignment([([], [1]), ([0], [])], 2, 3).nnz == 0
