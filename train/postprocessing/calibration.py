"""Fitting a calibration to trials, and how well one fitted to half of them does on the other half.

Temperatures make the true intents likeliest, a path's slope and offset the right frames among those of the right intent.
Each parameter is held by a normal prior: the pooled scale near one that changes nothing, a locale's near the pooled one.
"""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from polyparse.evaluation.calibration_error import BINS, error_by_chance, expected_calibration_error
from polyparse.inference.calibration import LEAST_DOUBT, Calibration, Scale
from polyparse.inference.routing import is_soft
from train.postprocessing.calibration_data import NONE

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from train.postprocessing.calibration_data import Trials

    Floats = NDArray[np.float64]

LEAST_UTTERANCES = 300
"""Of dev, for a scale: the error to be mended is a few hundredths, and fewer utterances do not show it."""
LOOSE, CLOSE = 1.0, 0.1
"""Standard deviations of the priors, pooled and of a locale, in the offset and in logarithms of the other parameters."""
LIMIT = 3.0
"""Of the offset, and of the logarithms of the other parameters, in both directions."""
SEED = 20
POOLED = "pooled"


class Error(NamedTuple):
    """The ECE of one measure over a locale, or pooled; means over the two halves, each measured by a fit to the other.

    `by_chance` is what perfectly calibrated confidences would show; `worse` is the worse half's `after`.
    """

    measure: str
    locale: str
    before: float
    after: float
    worse: float
    by_chance: float


def fit(trials: Trials) -> Calibration | None:
    """The calibration of a model; None where there are too few trials."""
    if len(trials) < LEAST_UTTERANCES:
        return None
    pooled = _fit_scale(trials, around=Scale(), spread=LOOSE)
    locales = {}
    for locale in np.unique(trials.locales_B).tolist():
        own = trials.where(trials.locales_B == locale)
        if len(own) >= LEAST_UTTERANCES:
            locales[locale] = _fit_scale(own, around=pooled, spread=CLOSE)
    return Calibration(pooled=pooled, locales=locales)


def cross_fitted(trials: Trials) -> list[Error]:
    """ECE before and after for each measure, pooled first and then by locale; [] where there are too few trials.

    Translations of an utterance stay in one half.
    """
    first_B = _first_half(trials.ids_B)
    halves = [_half(trials, measured_B) for measured_B in (first_B, ~first_B)]
    if any(half is None for half in halves):
        return []
    locales = (POOLED, *np.unique(trials.locales_B).tolist())
    measured = [half for half in halves if half is not None]
    found = (_error(measured, measure, locale) for measure in trials.right() for locale in locales)
    return [error for error in found if error is not None]


def in_words(trials: Trials) -> str:
    """How well calibrated a model is that was fitted to these trials, for its card."""
    if len(trials) < LEAST_UTTERANCES:
        return f"not calibrated: found {len(trials)} dev utterances, expected at least {LEAST_UTTERANCES}"
    found = [error for error in cross_fitted(trials) if error.locale == POOLED]
    errors = ", ".join(f"{error.measure} {error.after:.4f} ({error.before:.4f} before)" for error in found)
    if not errors:
        errors = f"not measured, for half of dev has fewer than {LEAST_UTTERANCES} utterances"
    return (
        f"calibrated on {len(trials)} dev utterances: expected calibration error in {BINS} bins of equal size, fitted to "
        f"one half of dev and measured on the other: {errors}"
    )


class _Half(NamedTuple):
    """Half of the trials, and their confidences before and after calibration by the other half."""

    trials: Trials
    before: dict[str, Floats]
    after: dict[str, Floats]


def _half(trials: Trials, measured_B: NDArray[np.bool_]) -> _Half | None:
    calibration = fit(trials.where(~measured_B))
    measured = trials.where(measured_B)
    if calibration is None or not len(measured):
        return None
    return _Half(measured, measured.confidences(None), measured.confidences(calibration))


def _error(halves: list[_Half], measure: str, locale: str) -> Error | None:
    rows = []
    for trials, before, after in halves:
        inside_B = (trials.locales_B == locale) | (locale == POOLED)
        right_B = trials.right()[measure][inside_B]
        if not len(right_B):
            return None
        calibrated_B = after[measure][inside_B]
        rows.append(
            (
                expected_calibration_error(before[measure][inside_B], right_B),
                expected_calibration_error(calibrated_B, right_B),
                error_by_chance(calibrated_B),
            )
        )
    uncalibrated, calibrated, chance = np.mean(rows, axis=0).tolist()
    return Error(measure, locale, uncalibrated, calibrated, max(row[1] for row in rows), chance)


def _first_half(ids_B: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Half of the ids, drawn by chance."""
    ids = np.unique(ids_B)
    return np.isin(ids_B, np.random.default_rng(SEED).permutation(ids)[: len(ids) // 2])


def _fit_scale(trials: Trials, *, around: Scale, spread: float) -> Scale:
    intent, domain = _fit_temperatures(trials, around, spread)
    slope, offset = _fit_path(trials, around, spread)
    return Scale(
        intent_temperature=round(intent, 6),
        domain_temperature=round(domain, 6),
        path_slope=round(slope, 6),
        path_offset=round(offset, 6),
    )


def _fit_temperatures(trials: Trials, around: Scale, spread: float) -> tuple[float, float]:
    """Of intents and of domains; under hard routing, of intents among the utterances of the right domain."""
    labels = trials.labels
    known = trials.where(trials.true_B != NONE)
    if not len(known):
        return around.intent_temperature, around.domain_temperature
    if is_soft(labels, trials.routing):
        intent = _temperature(known, around.intent_temperature, spread, lambda t: Scale(intent_temperature=t))
        return intent, around.domain_temperature
    owner_I = np.array(labels.intent_domains)
    inside = known.where(owner_I[known.true_B] == owner_I[known.chosen_B])
    return (
        _temperature(inside, around.intent_temperature, spread, lambda t: Scale(intent_temperature=t)),
        _temperature(known, around.domain_temperature, spread, lambda t: Scale(domain_temperature=t)),
    )


def _temperature(trials: Trials, around: float, spread: float, scale: Callable[[float], Scale]) -> float:
    """The temperature under which the true intents are likeliest, given the prior."""

    def loss(log_temperature: float) -> float:
        calibration = Calibration(pooled=scale(exp(log_temperature)), locales={})
        likely_B = trials.tempered(calibration)[np.arange(len(trials)), trials.true_B]
        return _prior(log_temperature - log(around), spread) - float(likely_B.sum())

    return exp(minimize_scalar(loss, bounds=(-LIMIT, LIMIT), method="bounded").x)


def _fit_path(trials: Trials, around: Scale, spread: float) -> tuple[float, float]:
    """Slope and offset of a path's log odds: whether the slots are right, among utterances of the right intent."""
    among = trials.where(trials.intent_right_B) if trials.labels.intents else trials
    odds_B = among.path_B - np.log(np.maximum(-np.expm1(among.path_B), LEAST_DOUBT))

    def loss(parameters: Floats) -> float:
        log_slope, offset = parameters.tolist()
        scores_B = exp(log_slope) * odds_B + offset
        missed_B = np.logaddexp(0.0, scores_B) - among.frame_right_B * scores_B
        prior = _prior(log_slope - log(around.path_slope), spread) + _prior(
            offset - around.path_offset, spread
        )
        return prior + float(missed_B.sum())

    start = np.array([log(around.path_slope), around.path_offset])
    bounds = [(-LIMIT, LIMIT), (-LIMIT, LIMIT)]
    log_slope, offset = minimize(loss, start, bounds=bounds).x.tolist()
    return exp(log_slope), offset


def _prior(distance: float, spread: float) -> float:
    return 0.5 * (distance / spread) ** 2
