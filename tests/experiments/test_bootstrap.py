"""The bootstrap against a slow twin, against planted outcomes, and Holm's correction by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
import pytest

from experiments.bootstrap import SEED, Bootstrap, holm
from experiments.ratios import COLUMNS, RATIOS, ratio
from experiments.rows import OfLocale, RowCounts
from polyparse.errors import ConfigError
from tests.experiments.planted import counts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

IDS = 200


def row_of(
    name: str, right_SU: Sequence[Sequence[bool]], *, locales: Sequence[str] = ("en-US",)
) -> RowCounts:
    counts_SUC = np.stack([counts_of(right_U) for right_U in right_SU]).astype(np.float32)
    ids = tuple(str(number) for number in range(counts_SUC.shape[1]))
    return RowCounts(
        name, tuple(range(len(right_SU))), {locale: OfLocale(ids, counts_SUC) for locale in locales}
    )


def drawn(share: float, seed: int) -> list[bool]:
    return [bool(right) for right in np.random.default_rng(seed).random(IDS) < share]


def slow(row: RowCounts, measure: str, draws: int) -> list[float]:
    """One draw at a time, one seed at a time, one locale at a time."""
    ids = sorted({id_ for of in row.of.values() for id_ in of.ids})
    of_ids, of_seeds = (
        np.random.default_rng([SEED, len(ids)]),
        np.random.default_rng([SEED, crc32(row.name.encode())]),
    )
    drawn_ids = [[ids[place] for place in of_ids.integers(0, len(ids), size=len(ids))] for _ in range(draws)]
    seeds = of_seeds.integers(0, len(row.seeds), size=(draws, len(row.seeds)))
    found = []
    for draw in range(draws):
        values = []
        for seed in seeds[draw]:
            ratios = []
            for of in row.of.values():
                sums = np.zeros(len(COLUMNS))
                for id_ in drawn_ids[draw]:
                    if id_ in of.ids:
                        sums += of.counts_SUC[seed, of.ids.index(id_)]
                ratios.append(float(ratio(measure, sums)))
            values.append(np.mean(ratios))
        found.append(float(np.mean(values)))
    return found


@pytest.mark.parametrize("measure", RATIOS)
def test_it_draws_as_its_slow_twin_does(measure: str) -> None:
    row = row_of("a", [drawn(0.7, 1)[:20], drawn(0.6, 2)[:20]], locales=["en-US", "hi-IN"])
    shorter = OfLocale(row.of["hi-IN"].ids[5:], row.of["hi-IN"].counts_SUC[:, 5:])
    row = row._replace(of={**row.of, "hi-IN": shorter})
    found = Bootstrap(12)._drawn(row, measure)
    np.testing.assert_allclose(found, slow(row, measure, 12), rtol=1e-6)


def test_rows_that_do_the_same_do_not_differ() -> None:
    right = [drawn(0.7, 1)]
    found = Bootstrap(200).difference(row_of("a", right), row_of("b", right), "frame_accuracy")
    assert found == (0.0, 0.0, 0.0, 1.0)
    assert found.resolution == 0.0


def test_a_planted_difference_is_found_and_points_the_right_way() -> None:
    base = [drawn(0.5, seed) for seed in (1, 2, 3)]
    better = [[right or place % 5 == 0 for place, right in enumerate(of)] for of in base]
    bootstrap = Bootstrap(2000)
    rows = row_of("a", better), row_of("b", base)
    for measure in ("frame_accuracy", "slot_f1"):
        found = bootstrap.difference(*rows, measure)
        assert found.low > 0
        assert found.low < found.value < found.high
        assert found.p < 0.01
    assert bootstrap.difference(*rows, "semer").high < 0
    turned = bootstrap.difference(rows[1], rows[0], "frame_accuracy")
    assert turned.value == -bootstrap.difference(*rows, "frame_accuracy").value


def test_pairing_tells_a_difference_that_two_separate_intervals_would_not() -> None:
    """One row gets right all that the other does, and four utterances more."""
    base = drawn(0.5, 4)
    wrong = [place for place, right in enumerate(base) if not right][:8]
    better = [right or place in wrong for place, right in enumerate(base)]
    bootstrap = Bootstrap(2000)
    one, other = row_of("a", [better]), row_of("b", [base])
    left, right = (bootstrap.estimate(row, "frame_accuracy") for row in (one, other))
    assert left.low < right.high
    assert bootstrap.difference(one, other, "frame_accuracy").p < 0.01


def test_five_in_a_hundred_claims_of_chance_are_under_a_twentieth() -> None:
    ps = [
        Bootstrap(200)
        .difference(
            row_of("a", [drawn(0.5, 2 * case)]), row_of("b", [drawn(0.5, 2 * case + 1)]), "frame_accuracy"
        )
        .p
        for case in range(120)
    ]
    assert 0.0 <= np.mean(np.array(ps) < 0.05) <= 0.12
    assert 0.3 < np.mean(np.array(ps) < 0.5) < 0.7


def test_what_is_relative_is_a_ratio_of_means_and_the_base_is_one() -> None:
    base, other = row_of("b", [drawn(0.5, 1), drawn(0.5, 2)]), row_of("a", [drawn(0.6, 3), drawn(0.6, 4)])
    bootstrap = Bootstrap(100)
    itself = bootstrap.relative(base, base, "frame_accuracy")
    assert (itself.value, itself.low, itself.high) == (1.0, 1.0, 1.0)
    means = [bootstrap.of_seeds(row, "frame_accuracy").mean() for row in (other, base)]
    assert bootstrap.relative(other, base, "frame_accuracy").value == pytest.approx(means[0] / means[1])


def test_rows_of_other_utterances_are_not_compared() -> None:
    with pytest.raises(ConfigError, match="rows a and b: found other utterances of en-US"):
        Bootstrap(5).difference(row_of("a", [[True]]), row_of("b", [[True, True]]), "frame_accuracy")


def test_a_measure_of_nothing_is_no_number() -> None:
    row = row_of("a", [[True, True]])
    row.of["en-US"].counts_SUC[..., COLUMNS.index("domains")] = 0
    assert np.isnan(Bootstrap(5).estimate(row, "domain_accuracy").value)


def test_holm_corrects_as_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == [0.03, 0.06, 0.06, 0.02]
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []
