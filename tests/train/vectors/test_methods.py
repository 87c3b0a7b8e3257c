"""Alignments: a planted rotation is recovered, losses fall, too few pairs are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from polyparse.errors import ConfigError
from tests.train.vectors.planted import planted
from train.progress import SilentProgress
from train.vectors.alignment import METHODS, align
from train.vectors.dictionary import rows_of
from train.vectors.evaluation import measure
from train.vectors.maps import mapped
from train.vectors.preparation import prepared
from train.vectors.procrustes import Procrustes, rotation
from train.vectors.rcsls import Rcsls, descent, spectral
from train.vectors.self_learning import SelfLearning, guess

if TYPE_CHECKING:
    from tests.train.vectors.planted import PlantedLanguages
    from train.vectors.maps import AlignmentMethod, Pairs

QUIET = SilentProgress()
EXACT, NOISY = planted(), planted(noise=0.3)


def pairs_of(languages: PlantedLanguages, n: int) -> Pairs:
    return rows_of(languages.pairs(0, n), languages.source, languages.target)


def p_at_1(languages: PlantedLanguages, method: AlignmentMethod, n_pairs: int) -> float:
    """By CSLS, on words that were not learnt from."""
    pairs = languages.pairs(0, n_pairs)
    aligned = align(
        (languages.source, languages.target), pairs, method, preparation="centred", progress=QUIET
    )
    held_out = languages.pairs(n_pairs, len(languages.source.words))
    return measure(aligned.source, aligned.target, held_out).by_kind["all"].precision("csls")[0]


@pytest.mark.parametrize(
    ("method", "n_pairs"),
    [
        pytest.param(Procrustes(refine=0), 40, id="procrustes"),
        pytest.param(Procrustes(refine=2), 20, id="refined"),
        pytest.param(SelfLearning(last="orthogonal", patience=5), 20, id="self-learning"),
        pytest.param(Rcsls(steps=0), 40, id="rcsls, before its first step"),
    ],
)
def test_a_planted_rotation_is_recovered_exactly(method: AlignmentMethod, n_pairs: int) -> None:
    maps = method(EXACT.source, EXACT.target, pairs_of(EXACT, n_pairs), QUIET)
    np.testing.assert_allclose(maps.source_EE, EXACT.rotation_EE, atol=1e-6)
    assert maps.target_EE is None
    assert p_at_1(EXACT, method, n_pairs) == 1.0


def test_the_planted_map_brings_each_word_to_its_translation() -> None:
    maps = Procrustes(refine=0)(EXACT.source, EXACT.target, pairs_of(EXACT, 40), QUIET)
    moved = mapped(EXACT.source, maps.source_EE)
    np.testing.assert_allclose(moved.vectors_VE, EXACT.target.vectors_VE, atol=1e-6)


def test_a_rotation_is_orthogonal_and_the_best_of_many() -> None:
    source_NE, target_NE = NOISY.source.vectors_VE[:50], NOISY.target.vectors_VE[:50]
    found_EE = rotation(source_NE, target_NE)
    np.testing.assert_allclose(found_EE.T @ found_EE, np.eye(10), atol=1e-12)
    rng = np.random.default_rng(0)
    for _ in range(50):
        other_EE, _ = np.linalg.qr(found_EE + 0.1 * rng.normal(size=found_EE.shape))
        other_EE *= np.sign(np.diag(other_EE.T @ found_EE))  # qr gives each column one of two signs
        distances = [
            float(np.square(source_NE @ map_EE.T - target_NE).sum()) for map_EE in (found_EE, other_EE)
        ]
        assert distances[0] <= distances[1]


def test_rcsls_has_the_loss_of_its_equation_and_the_gradient_of_differences() -> None:
    source_NE, target_NE = NOISY.source.vectors_VE[:30], NOISY.target.vectors_VE[:30]
    spaces = (NOISY.source.vectors_VE, NOISY.target.vectors_VE)
    map_EE, k = NOISY.rotation_EE, 3
    expected = 0.0
    for x_E, y_E in zip(source_NE, target_NE, strict=True):
        forth = sorted((float(map_EE @ x_E @ other_E) for other_E in spaces[1]), reverse=True)[:k]
        back = sorted((float(map_EE @ other_E @ y_E) for other_E in spaces[0]), reverse=True)[:k]
        expected += (-2 * float(map_EE @ x_E @ y_E) + sum(forth) / k + sum(back) / k) / len(source_NE)
    here = descent(map_EE, source_NE, target_NE, spaces, k=k)
    assert here.loss == pytest.approx(expected, abs=1e-6)
    rng = np.random.default_rng(0)
    for _ in range(5):
        direction_EE = rng.normal(size=map_EE.shape)
        losses = [
            descent(map_EE + step * direction_EE, source_NE, target_NE, spaces, k=k).loss
            for step in (1e-6, -1e-6)
        ]
        assert (losses[0] - losses[1]) / 2e-6 == pytest.approx(
            float(np.sum(here.gradient_EE * direction_EE)), rel=1e-3, abs=1e-6
        )


@pytest.mark.parametrize("is_spectral", [False, True])
def test_rcsls_never_ends_above_procrustes(is_spectral: bool) -> None:
    pairs_N2 = pairs_of(NOISY, 60)
    source_NE, target_NE = (NOISY.source.vectors_VE[pairs_N2[:, 0]], NOISY.target.vectors_VE[pairs_N2[:, 1]])
    spaces = (NOISY.source.vectors_VE, NOISY.target.vectors_VE)
    losses = [
        descent(
            Rcsls(steps=steps, spectral=is_spectral)(NOISY.source, NOISY.target, pairs_N2, QUIET).source_EE,
            source_NE,
            target_NE,
            spaces,
            k=10,
        ).loss
        for steps in (0, 10)
    ]
    assert losses[1] <= losses[0]
    assert is_spectral or losses[1] < losses[0]


def test_a_spectral_map_stretches_nothing_and_a_rotation_is_one() -> None:
    assert np.linalg.svd(spectral(3 * NOISY.rotation_EE + 0.1), compute_uv=False).max() <= 1 + 1e-12
    np.testing.assert_allclose(spectral(NOISY.rotation_EE), NOISY.rotation_EE, atol=1e-12)


@pytest.mark.parametrize("last", ["orthogonal", "weighted"])
def test_self_learning_finds_the_other_words_from_a_few(last: str) -> None:
    languages = planted(n_words=300, size=20, noise=0.05)
    assert p_at_1(languages, SelfLearning(last=last, patience=5), 50) > 0.95


def test_self_learning_is_the_same_each_time() -> None:
    method = SelfLearning(patience=3, last="orthogonal")
    one, other = (method(NOISY.source, NOISY.target, pairs_of(NOISY, 20), QUIET) for _ in range(2))
    np.testing.assert_array_equal(one.source_EE, other.source_EE)


def test_where_all_entries_count_a_guess_is_that_of_csls() -> None:
    source_SE, target_TE = EXACT.source.vectors_VE, EXACT.target.vectors_VE
    scores_ST = source_SE @ target_TE.T
    r_of_T = np.sort(scores_ST, axis=0)[-10:].mean(axis=0)
    found = guess(source_SE, target_TE, r_of_T, 1.0, np.random.default_rng(0))
    assert found.best_Q.tolist() == (scores_ST - r_of_T / 2).argmax(axis=1).tolist()
    assert found.mean_cosine == pytest.approx(scores_ST.max(axis=1).mean(), rel=1e-6)


def test_weighted_maps_bring_planted_words_together_too() -> None:
    """Both sides have the same covariance, so that what is done to one is done to the other."""
    maps = SelfLearning(patience=3)(EXACT.source, EXACT.target, pairs_of(EXACT, 40), QUIET)
    assert maps.target_EE is not None
    one, other = mapped(EXACT.source, maps.source_EE), mapped(EXACT.target, maps.target_EE)
    np.testing.assert_allclose(one.vectors_VE, other.vectors_VE, atol=1e-5)


@pytest.mark.parametrize(
    ("method", "n_pairs", "message"),
    [
        (
            Procrustes(refine=0),
            9,
            "found 9 pairs .*, expected at least 10, for a rotation without refinement",
        ),
        (Procrustes(), 9, "found 9 pairs .*, expected at least 10$"),
        (Rcsls(), 0, "found 0 pairs .*, expected at least 10, for a map"),
        (SelfLearning(), 4, "found 4 pairs .*, expected at least 5$"),
        (
            SelfLearning(commonest=8, patience=1),
            8,
            "pairs that do not span 10 dimensions, expected more words",
        ),
    ],
)
def test_too_few_pairs_are_refused(method: AlignmentMethod, n_pairs: int, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        method(EXACT.source, EXACT.target, pairs_of(EXACT, n_pairs), QUIET)


def test_vectors_of_two_sizes_are_refused() -> None:
    spaces = (EXACT.source, planted(size=7).target)
    with pytest.raises(ConfigError, match="found vectors of 10 and of 7 numbers, expected one size"):
        align(spaces, EXACT.pairs(0, 50), METHODS["procrustes"](), preparation="unit", progress=QUIET)


@pytest.mark.parametrize("name", ["unit", "centred"])
def test_prepared_vectors_have_unit_length_and_zeros_stay(name: str) -> None:
    space = prepared(EXACT.source, name)
    np.testing.assert_allclose(np.linalg.norm(space.vectors_VE, axis=1), 1.0, rtol=1e-5)
    zeros = mapped(space, np.zeros((10, 10)))
    assert not zeros.vectors_VE.any()
