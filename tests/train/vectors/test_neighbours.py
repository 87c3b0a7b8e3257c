"""Neighbours across spaces: blocks, products and partitions give what double loops give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.train.vectors.planted import planted
from train.vectors import neighbours
from train.vectors.neighbours import best, blocks, csls_best, mutual, nearness

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOURCE_SE = planted(n_words=23, size=4, noise=0.5).source.vectors_VE
TARGET_TE = planted(n_words=31, size=4, noise=0.5, seed=1).target.vectors_VE
K = 3


def r(vector_E: NDArray[np.float32], others: NDArray[np.float32]) -> float:
    """The mean cosine of a word with its K nearest, one by one."""
    return sum(sorted((float(vector_E @ other_E) for other_E in others), reverse=True)[:K]) / K


def csls(source: int, target: int) -> float:
    x_E, y_E = SOURCE_SE[source], TARGET_TE[target]
    return 2 * float(x_E @ y_E) - r(x_E, TARGET_TE) - r(y_E, SOURCE_SE)


@pytest.fixture(params=[1 << 24, 64, 1], ids=["one block", "some blocks", "a query a block"])
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "BLOCK", request.param)


@pytest.mark.usefixtures("block")
def test_csls_is_that_of_double_loops() -> None:
    n_sources, n_targets = range(len(SOURCE_SE)), range(len(TARGET_TE))
    ways = csls_best(SOURCE_SE, TARGET_TE, k=K)
    assert ways.target_of_S.tolist() == [max(n_targets, key=lambda t: csls(s, t)) for s in n_sources]
    assert ways.source_of_T.tolist() == [max(n_sources, key=lambda s: csls(s, t)) for t in n_targets]
    pairs = [
        [s, t]
        for s, t in enumerate(ways.target_of_S.tolist())
        if max(n_sources, key=lambda other: csls(other, t)) == s
    ]
    assert mutual(ways).tolist() == pairs
    assert 0 < len(pairs) < len(SOURCE_SE)


@pytest.mark.usefixtures("block")
def test_nearness_and_the_best_are_those_of_sorted_lists() -> None:
    np.testing.assert_allclose(
        nearness(SOURCE_SE, TARGET_TE, k=K), [r(x_E, TARGET_TE) for x_E in SOURCE_SE], rtol=1e-5
    )
    expected = [
        sorted(range(len(TARGET_TE)), key=lambda t: -float(x_E @ TARGET_TE[t]))[:5] for x_E in SOURCE_SE
    ]
    assert best(SOURCE_SE, TARGET_TE, 5).tolist() == expected


def test_fewer_candidates_than_are_asked_for_are_all_of_them() -> None:
    assert best(SOURCE_SE, TARGET_TE[:2], 5).shape == (len(SOURCE_SE), 2)
    np.testing.assert_allclose(
        nearness(SOURCE_SE, TARGET_TE[:2], k=10), (SOURCE_SE @ TARGET_TE[:2].T).mean(axis=1), rtol=1e-5
    )


def test_blocks_cover_every_query_once() -> None:
    rows = [row for block in blocks(10, neighbours.BLOCK // 3) for row in range(10)[block]]
    assert rows == list(range(10))
