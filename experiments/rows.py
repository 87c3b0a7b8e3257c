"""Rows of a study as counts: what their runs did with each utterance, by seed and locale.

Axes: S seeds, U utterances of a locale, C columns of `experiments.ratios`.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from experiments.study import ALL, base_of
from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from experiments.outcomes import UtteranceOutcomes
    from experiments.result_line import ResultLine, ResultsFile
    from experiments.study import Study


class OfLocale(NamedTuple):
    """The utterances of a locale by their ids, and counts_SUC of them."""

    ids: tuple[str, ...]
    counts_SUC: NDArray[np.float32]


class RowCounts(NamedTuple):
    """A row: its seeds in order, and its counts by locale; without seeds there is nothing."""

    name: str
    seeds: tuple[int, ...]
    of: Mapping[str, OfLocale]

    def only(self, locales: Sequence[str]) -> RowCounts:
        """Those of some locales, all where none is named; ConfigError where the row lacks one."""
        for locale in locales:
            if self.seeds and locale not in self.of:
                raise ConfigError(
                    f"row {self.name}: found the locales {', '.join(self.of)}, expected {locale} among them"
                )
        return self._replace(
            of={locale: self.of[locale] for locale in locales or self.of if locale in self.of}
        )


class Rows:
    """Reads the rows of a study from its lines."""

    def __init__(self, study: Study, lines: Sequence[ResultLine], results: ResultsFile) -> None:
        self._study = study
        self._lines: defaultdict[str, dict[int, ResultLine]] = defaultdict(dict)
        for line in lines:
            self._lines[f"{line.part}/{line.run}"][line.seed] = line
        self._read = lru_cache(maxsize=512)(lambda run, seed: results.outcomes(self._lines[run][seed]))

    def lines_of(self, row: str) -> list[ResultLine]:
        """The lines of a row's runs, of the seeds that all of them have."""
        runs = self._study.rows[base_of(row)[0]].all_runs
        seeds = self._seeds(runs)
        return [self._lines[run][seed] for run in runs for seed in seeds]

    def counts(self, row: str, view: str = ALL) -> RowCounts:
        """The row "NAME" or "NAME@DECODER", of the utterances of a view.

        Raises:
            ConfigError: its runs have no such view or decoder.
        """
        name, decoder = base_of(row)
        of = self._study.rows[name]
        seeds = self._seeds(of.all_runs)
        if not seeds:
            return RowCounts(row, (), {})
        if of.run:
            locales = dict.fromkeys(self._read(of.run, seeds[0]).locales)
            runs = dict.fromkeys(locales, of.run)
        else:
            runs = dict(of.runs)
        of_locales = {
            locale: _of_locale([self._read(run, seed) for seed in seeds], locale, decoder, view)
            for locale, run in runs.items()
        }
        return RowCounts(row, seeds, {locale: of for locale, of in of_locales.items() if of.ids})

    def _seeds(self, runs: Sequence[str]) -> tuple[int, ...]:
        common = set.intersection(*(set(self._lines[run]) for run in runs))
        return tuple(sorted(common))


def _of_locale(of_seeds: Sequence[UtteranceOutcomes], locale: str, decoder: str, view: str) -> OfLocale:
    parts = [_chosen(outcomes, locale, decoder, view) for outcomes in of_seeds]
    (ids, _), *others = parts
    if any(other != ids for other, _ in others):
        raise ConfigError(f"{locale}: found seeds measured on different utterances, expected the same ones")
    return OfLocale(ids, np.stack([counts_UC for _, counts_UC in parts]))


def _chosen(
    outcomes: UtteranceOutcomes, locale: str, decoder: str, view: str
) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    if decoder not in outcomes.counts_UC:
        known = ", ".join(filter(None, outcomes.counts_UC)) or "none but its own"
        raise ConfigError(f"found the decoder {decoder!r}, expected one that was measured: {known}")
    if view != ALL and view not in outcomes.flags_U:
        known = ", ".join((ALL, *outcomes.flags_U))
        raise ConfigError(f"view: found {view!r}, expected one of {known}")
    taken_U = np.array(outcomes.locales) == locale
    if view != ALL:
        taken_U &= outcomes.flags_U[view]
    ids = tuple(id_ for id_, taken in zip(outcomes.ids, taken_U, strict=True) if taken)
    return ids, outcomes.counts_UC[decoder][taken_U].astype(np.float32)
