"""A paired bootstrap over ids and seeds (Efron & Tibshirani 1993, chapters 13 and 16): how sure a difference is.

Each draw takes as many ids as there are, with replacement, all locales of an id together, and the same ids for all rows; and
of each row as many of its seeds as it has, with replacement. What is measured on a draw is the mean over its seeds of the
mean over locales of the ratio of summed counts. With three seeds, drawing seeds makes their variance two thirds of what it
is; intervals are a little narrow for that.

Axes: D draws, I ids, S seeds, L locales, C columns of counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

import numpy as np

from experiments.ratios import COLUMNS, RATIOS, ratio
from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from experiments.rows import RowCounts

DRAWS = 10_000
AT_ONCE = 500
"""Draws whose sums are made together; bounds memory."""
SEED = 20_201
LEVEL = 0.05


class RowEstimate(NamedTuple):
    """Mean and standard deviation over seeds (0 with one seed), and the 95 % interval."""

    value: float
    sd: float
    low: float
    high: float


class Difference(NamedTuple):
    """Of a measure between two rows: how much, its 95 % interval, and a two-sided p."""

    value: float
    low: float
    high: float
    p: float

    @property
    def resolution(self) -> float:
        """Half of the interval's width: what is smaller cannot be told from chance by these data."""
        return (self.high - self.low) / 2


class Bootstrap:
    """Draws ids once for each set of utterances, so that all rows that are measured on it are paired."""

    def __init__(self, draws: int = DRAWS) -> None:
        self.draws = draws
        self._weights: dict[tuple[str, ...], NDArray[np.float32]] = {}
        self._ratios: dict[tuple[object, ...], NDArray[np.float64]] = {}

    def estimate(self, row: RowCounts, measure: str) -> RowEstimate:
        """A measure of a row, the mean of its locales."""
        of_seeds_S = self.of_seeds(row, measure)
        sd = float(of_seeds_S.std(ddof=1)) if len(of_seeds_S) > 1 else 0.0
        low, high = _interval(self._drawn(row, measure))
        return RowEstimate(float(of_seeds_S.mean()), sd, low, high)

    def difference(self, row: RowCounts, than: RowCounts, measure: str) -> Difference:
        """A measure of `row` less that of `than`.

        Raises:
            ConfigError: the two were not measured on the same utterances.
        """
        _check_paired(row, than)
        drawn_D = self._drawn(row, measure) - self._drawn(than, measure)
        low, high = _interval(drawn_D)
        value = self.of_seeds(row, measure).mean() - self.of_seeds(than, measure).mean()
        return Difference(float(value), low, high, _p(drawn_D))

    def relative(self, row: RowCounts, base: RowCounts, measure: str) -> RowEstimate:
        """The ratio of the means over seeds of a row to those of `base`; its deviation is that of the row's seeds."""
        _check_paired(row, base)
        of_base = float(self.of_seeds(base, measure).mean())
        of_seeds_S = _over(self.of_seeds(row, measure), np.array(of_base))
        sd = float(of_seeds_S.std(ddof=1)) if len(of_seeds_S) > 1 else 0.0
        low, high = _interval(_over(self._drawn(row, measure), self._drawn(base, measure)))
        return RowEstimate(float(of_seeds_S.mean()), sd, low, high)

    def of_seeds(self, row: RowCounts, measure: str) -> NDArray[np.float64]:
        """What is measured of each seed on all utterances, shape (S,)."""
        sums = np.stack([of.counts_SUC.sum(axis=1, dtype=np.float64) for of in row.of.values()], axis=1)
        of_seeds_S: NDArray[np.float64] = ratio(measure, sums).mean(axis=1)
        return of_seeds_S

    def _drawn(self, row: RowCounts, measure: str) -> NDArray[np.float64]:
        """What is measured of each draw, shape (D,)."""
        ratios_DSL = self._ratios_of(row)[..., list(RATIOS).index(measure)]
        of_seeds_DS = ratios_DSL.mean(axis=2)
        n_seeds = of_seeds_DS.shape[1]
        generator = np.random.default_rng([SEED, crc32(row.name.encode())])
        seeds_DS = generator.integers(0, n_seeds, size=(self.draws, n_seeds))
        drawn_D: NDArray[np.float64] = np.take_along_axis(of_seeds_DS, seeds_DS, axis=1).mean(axis=1)
        return drawn_D

    def _ratios_of(self, row: RowCounts) -> NDArray[np.float64]:
        """All measures of each draw, seed and locale, shape (D, S, L, measures)."""
        key = (row.name, *((locale, of.ids) for locale, of in row.of.items()))
        if key not in self._ratios:
            ids = tuple(sorted({id_ for of in row.of.values() for id_ in of.ids}))
            counts_ISLC = _by_id(row, ids)
            flat = counts_ISLC.reshape(len(ids), -1)
            weights_DI = self._weights_of(ids)
            parts = []
            for start in range(0, self.draws, AT_ONCE):
                sums = weights_DI[start : start + AT_ONCE] @ flat
                sums_DSLC = sums.reshape(-1, *counts_ISLC.shape[1:]).astype(np.float64)
                parts.append(np.stack([ratio(measure, sums_DSLC) for measure in RATIOS], axis=-1))
            self._ratios[key] = np.concatenate(parts)
        return self._ratios[key]

    def _weights_of(self, ids: tuple[str, ...]) -> NDArray[np.float32]:
        """How often each draw has each id, shape (D, I)."""
        if ids not in self._weights:
            generator, number = np.random.default_rng([SEED, len(ids)]), len(ids)
            weights = np.empty((self.draws, number), dtype=np.float32)
            for draw in range(self.draws):
                drawn = generator.integers(0, number, size=number)
                weights[draw] = np.bincount(drawn, minlength=number)
            self._weights[ids] = weights
        return self._weights[ids]


def holm(ps: Sequence[float]) -> list[float]:
    """p corrected for as many claims (Holm 1979): the smallest counts for all of them, the next for one less, and so on."""
    order = sorted(range(len(ps)), key=lambda index: ps[index])
    corrected, largest = [0.0] * len(ps), 0.0
    for place, index in enumerate(order):
        largest = max(largest, min(1.0, ps[index] * (len(ps) - place)))
        corrected[index] = largest
    return corrected


def _by_id(row: RowCounts, ids: tuple[str, ...]) -> NDArray[np.float32]:
    """counts_ISLC: zeros where a locale lacks an id."""
    place = {id_: index for index, id_ in enumerate(ids)}
    counts = np.zeros((len(ids), len(row.seeds), len(row.of), len(COLUMNS)), dtype=np.float32)
    for index, of in enumerate(row.of.values()):
        places_U = np.array([place[id_] for id_ in of.ids], dtype=np.intp)
        of_locale_ISC = np.zeros((len(ids), len(row.seeds), len(COLUMNS)), dtype=np.float32)
        np.add.at(of_locale_ISC, places_U, of.counts_SUC.swapaxes(0, 1))
        counts[:, :, index] = of_locale_ISC
    return counts


def _check_paired(row: RowCounts, than: RowCounts) -> None:
    for locale in dict.fromkeys((*row.of, *than.of)):
        left, right = row.of.get(locale), than.of.get(locale)
        if left is None or right is None or left.ids != right.ids:
            raise ConfigError(
                f"rows {row.name} and {than.name}: found other utterances of {locale}, expected the same ones to compare"
            )


def _over(value: NDArray[np.float64], base: NDArray[np.float64]) -> NDArray[np.float64]:
    """The ratio; NaN where the base is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found: NDArray[np.float64] = np.where(base > 0, value / base, np.nan)
    return found


def _interval(drawn_D: NDArray[np.float64]) -> tuple[float, float]:
    if np.isnan(drawn_D).all():
        return np.nan, np.nan
    low, high = np.nanquantile(drawn_D, (LEVEL / 2, 1 - LEVEL / 2))
    return float(low), float(high)


def _p(drawn_D: NDArray[np.float64]) -> float:
    """Two-sided: twice the share of draws on the other side of zero, zero counting for both; never quite 0."""
    known = drawn_D[~np.isnan(drawn_D)]
    below, above = int((known <= 0).sum()), int((known >= 0).sum())
    return min(1.0, 2 * (1 + min(below, above)) / (1 + len(known)))
