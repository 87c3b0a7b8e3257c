"""The bag of words against its formula written out, and what it learns: meaning, whatever the order."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from train.models.word_bag import SCALE, WordBag, WordBagConfig
from train.training.word_bag import fit

N_CLASSES, N_WORDS = 2, 8
CONFIG = WordBagConfig(size=3, hidden_size=16, dropout=0.0, epochs=60, batch_size=4)
random = np.random.default_rng(0)
VECTORS_WA = np.repeat(np.eye(2, 4, dtype=np.float32), 4, axis=0) + 0.05 * random.normal(size=(N_WORDS, 4))
"""Words 1 to 4 mean one thing, words 5 to 8 another."""
ROWS = [[1], [2, 1], [3, 3], [5], [6, 5], [7, 7, 6]]
CLASSES_B = np.array([0, 0, 0, 1, 1, 1])


@pytest.fixture(scope="module")
def bag() -> WordBag:
    return fitted(CONFIG)


def fitted(config: WordBagConfig) -> WordBag:
    return fit(ROWS, CLASSES_B, vectors_WA=VECTORS_WA.astype(np.float32), n_classes=N_CLASSES, config=config)


def padded(*rows: list[int]) -> np.ndarray:
    longest = max(1, *(len(local) for local in rows))
    return np.array([local + [0] * (longest - len(local)) for local in rows])


def test_a_word_never_seen_is_taken_for_what_words_near_it_are(bag: WordBag) -> None:
    assert bag.logits(padded([4], [8])).argmax(axis=1).tolist() == [0, 1]


def test_logits_are_the_formula_written_out(bag: WordBag) -> None:
    for row, found_C in zip(ROWS, bag.logits(padded(*ROWS)), strict=True):
        total_E = sum(bag.table_WE[word].astype(np.float64) for word in row)
        bag_E = SCALE * total_E / np.sqrt(total_E @ total_E)
        hidden_H = [
            max(0.0, bag_E @ column_E + bias)
            for column_E, bias in zip(bag.inner_EH.T, bag.inner_bias_H, strict=True)
        ]
        expected = [
            np.dot(hidden_H, column_H) + bias
            for column_H, bias in zip(bag.outer_HC.T, bag.outer_bias_C, strict=True)
        ]
        assert found_C == pytest.approx(expected, abs=1e-4)


def test_a_word_s_row_is_its_projected_vector_by_its_rarity(bag: WordBag) -> None:
    """Words 1 and 3 stand in two and in one of six utterances, word 4 in none: idf = 1 + ln(7 / (1 + count))."""
    lengths = np.linalg.norm(bag.table_WE[[1, 3, 4]], axis=1)
    directions = np.linalg.norm(VECTORS_WA[[0, 2, 3]] @ _projection(bag), axis=1)
    assert lengths / directions == pytest.approx(1.0 + np.log(7.0 / np.array([3.0, 2.0, 1.0])), rel=1e-3)


def _projection(bag: WordBag) -> np.ndarray:
    """P, found from the rows of the words that stand in no utterance and in one."""
    counts = np.bincount([row for local in ROWS for row in set(local)], minlength=N_WORDS + 1)[1:]
    bare_WE = bag.table_WE[1:-1] / (1.0 + np.log(7.0 / (1.0 + counts)))[:, None]
    return np.asarray(np.linalg.lstsq(VECTORS_WA, bare_WE, rcond=None)[0])


def test_order_padding_and_what_is_no_word_weigh_nothing_and_repeats_count(bag: WordBag) -> None:
    first, *others = bag.logits(
        padded([1, 5, 5], [5, 1, 5], [0, 5, 5, 1], [5, 5, 1, bag.n_words + 1, bag.n_words + 99])
    )
    for other in others:
        assert other == pytest.approx(first, abs=1e-5)
    assert bag.logits(padded([1, 5])) != pytest.approx(first[None], abs=1e-3)


def test_an_utterance_without_a_word_gets_what_no_word_says(bag: WordBag) -> None:
    (actual,) = bag.logits(padded([]))
    assert actual == pytest.approx(np.maximum(bag.inner_bias_H, 0) @ bag.outer_HC + bag.outer_bias_C)


def test_a_share_weighs_the_logits(bag: WordBag) -> None:
    assert bag.scaled(0.25).logits(padded(*ROWS)) == pytest.approx(0.25 * bag.logits(padded(*ROWS)))


def test_a_seed_draws_the_same_bag_and_leaves_others_draws_alone(bag: WordBag) -> None:
    state = torch.random.get_rng_state()
    again = fitted(CONFIG)
    assert (torch.random.get_rng_state() == state).all()
    for name, array in vars(bag).items():
        np.testing.assert_array_equal(getattr(again, name), array)


def test_each_epoch_is_told_of() -> None:
    heard: list[int] = []
    config = WordBagConfig(size=2, hidden_size=4, epochs=3)
    vectors_WA = VECTORS_WA.astype(np.float32)
    fit(ROWS, CLASSES_B, vectors_WA=vectors_WA, n_classes=2, config=config, on_epoch=heard.append)
    assert heard == [1, 2, 3]
