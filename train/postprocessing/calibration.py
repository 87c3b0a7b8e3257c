"""Fitting a calibration to a model's answers, and the calibration error by cross-fitting: fit one part, measure the other.

Temperatures maximise the likelihood of the true intents; slope and offset of a path maximise the likelihood of right and
wrong slots among utterances of the right intent. Each parameter has a normal prior: for the pooled scale around the value
that changes nothing, for the scale of a locale around the pooled one.

A small dev may be all right by chance, and would make every confidence 1. It is fitted to smoothed targets in place of 1 and
0: of n utterances, n right ones are worth (n + 1) / (n + 2) each (Platt 1999, section 2.2), and a true intent as much, with
the rest for all intents alike. Its error is measured by cross-fitting over FOLDS folds;
a dev whose halves are large is halved.
"""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from polyparse.evaluation.calibration_error import BINS, error_by_chance, expected_calibration_error
from polyparse.inference.calibration import MIN_ERROR_PROBABILITY, Calibration, Scale
from polyparse.inference.routing import is_soft
from train.postprocessing.calibration_data import NO_LABEL

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from train.postprocessing.calibration_data import CalibrationData

    Floats = NDArray[np.float64]

MIN_UTTERANCES = 300
"""Utterances of dev that a scale needs to be fitted to right and wrong as they are; fewer are a small dev."""
FOLDS = 5
POOLED_SPREAD, LOCALE_SPREAD = 1.0, 0.1
"""Standard deviations of the priors, of the offset and of the logarithms of the other parameters."""
SMALL_SPREAD, SMALL_SLOPE_SPREAD = 3.0, 0.3
"""The same for a small dev: temperatures and offset go where the smoothed targets are, a slope keeps sure paths apart from
unsure ones."""
LIMIT = 3.0
"""Largest absolute value of the offset and of the logarithms of the other parameters."""
SEED = 20
POOLED = "pooled"


class Ece(NamedTuple):
    """Expected calibration error (ECE) of one measure, in a locale or pooled; the mean of the two halves of dev.

    `before` is without calibration, `after` with one that is fitted to the other half; `worse` is the larger `after` of the
    two halves. `by_chance` is the ECE that perfectly calibrated confidences would have.
    """

    measure: str
    locale: str
    before: float
    after: float
    worse: float
    by_chance: float


def fit(data: CalibrationData) -> Calibration | None:
    """The calibration of a model; None without utterances."""
    if not len(data):
        return None
    if len(data) < MIN_UTTERANCES:
        return Calibration(pooled=_fit_scale(data, _small(len(data))), locales={})
    pooled = _fit_scale(data, Prior(Scale(), POOLED_SPREAD, POOLED_SPREAD))
    locales = {}
    for locale in np.unique(data.locales_B).tolist():
        in_locale = data.where(data.locales_B == locale)
        if len(in_locale) >= MIN_UTTERANCES:
            locales[locale] = _fit_scale(in_locale, Prior(pooled, LOCALE_SPREAD, LOCALE_SPREAD))
    return Calibration(pooled=pooled, locales=locales)


def cross_fitted_errors(data: CalibrationData) -> list[Ece]:
    """The ECE of each measure, pooled first and then by locale; [] for fewer than two utterances.

    Translations of an utterance are in the same part.
    """
    if len(data) < 2 * MIN_UTTERANCES:
        parts = _folds(data)
    else:
        first_B = _first_half(data.ids_B)
        parts = [_part(data, measured_B) for measured_B in (first_B, ~first_B)]
    measured = [part for part in parts if part is not None]
    if not measured or len(measured) < len(parts):
        return []
    locales = (POOLED, *np.unique(data.locales_B).tolist())
    errors = (_error(measured, measure, locale) for measure in data.right() for locale in locales)
    return [error for error in errors if error is not None]


def in_words(data: CalibrationData, *, n_dev: int) -> str:
    """A sentence for the model card on the calibration that is fitted to these data, the first `n_dev` of dev."""
    pooled = [error for error in cross_fitted_errors(data) if error.locale == POOLED]
    errors = ", ".join(f"{error.measure} {error.after:.4f} ({error.before:.4f} before)" for error in pooled)
    halved = len(data) >= 2 * MIN_UTTERANCES
    how = "fitted to one half and measured on the other" if halved else f"cross-fitted over {FOLDS} folds"
    held_out = f" and {len(data) - n_dev} held-out training utterances" if len(data) > n_dev else ""
    return (
        f"calibrated on {n_dev} dev utterances{held_out}: expected calibration error in "
        f"{BINS} bins of equal size, {how}: {errors or 'not measured'}"
    )


class Prior(NamedTuple):
    """Around which scale a fit stays, how closely, and how smooth its targets are: `smoothing` is the share of doubt."""

    mean: Scale
    spread: float
    slope_spread: float
    smoothing: float = 0.0


def _small(n_utterances: int) -> Prior:
    return Prior(Scale(), SMALL_SPREAD, SMALL_SLOPE_SPREAD, smoothing=1.0 / (n_utterances + 2.0))


class _Part(NamedTuple):
    """Part of the data; measure -> confidences before and after the calibration that is fitted to the rest."""

    data: CalibrationData
    before: dict[str, Floats]
    after: dict[str, Floats]


def _folds(data: CalibrationData) -> list[_Part | None]:
    """All data as one part, each fold with the calibration that is fitted to the other folds."""
    ids = np.random.default_rng(SEED).permutation(np.unique(data.ids_B))
    folds = [_part(data, np.isin(data.ids_B, ids[fold::FOLDS])) for fold in range(min(FOLDS, len(ids)))]
    parts = [part for part in folds if part is not None]
    if len(parts) < 2:
        return []
    joined = {
        name: {
            measure: np.concatenate([getattr(part, name)[measure] for part in parts])
            for measure in data.right()
        }
        for name in ("before", "after")
    }
    order = np.concatenate([np.flatnonzero(np.isin(data.ids_B, part.data.ids_B)) for part in parts])
    return [_Part(data.where(order), joined["before"], joined["after"])]


def _part(data: CalibrationData, measured_B: NDArray[np.bool_]) -> _Part | None:
    calibration = fit(data.where(~measured_B))
    measured = data.where(measured_B)
    if calibration is None or not len(measured):
        return None
    return _Part(measured, measured.confidences(None), measured.confidences(calibration))


def _error(parts: list[_Part], measure: str, locale: str) -> Ece | None:
    """None if a part has no utterance of the locale."""
    errors = []
    for data, before, after in parts:
        inside_B = (data.locales_B == locale) | (locale == POOLED)
        right_B = data.right()[measure][inside_B]
        if not len(right_B):
            return None
        calibrated_B = after[measure][inside_B]
        errors.append(
            (
                expected_calibration_error(before[measure][inside_B], right_B),
                expected_calibration_error(calibrated_B, right_B),
                error_by_chance(calibrated_B),
            )
        )
    before_mean, after_mean, chance_mean = np.mean(errors, axis=0).tolist()
    worse = max(after_error for _, after_error, _ in errors)
    return Ece(measure, locale, before_mean, after_mean, worse, chance_mean)


def _first_half(ids_B: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Which utterances are in the first half: a random half of the ids."""
    ids = np.unique(ids_B)
    return np.isin(ids_B, np.random.default_rng(SEED).permutation(ids)[: len(ids) // 2])


def _fit_scale(data: CalibrationData, prior: Prior) -> Scale:
    intent, domain = _fit_temperatures(data, prior)
    slope, offset = _fit_path(data, prior)
    return Scale(
        intent_temperature=round(intent, 6),
        domain_temperature=round(domain, 6),
        path_slope=round(slope, 6),
        path_offset=round(offset, 6),
    )


def _fit_temperatures(data: CalibrationData, prior: Prior) -> tuple[float, float]:
    """Temperatures of intents and domains; with hard routing, the former is fitted to utterances of the right domain."""
    labels = data.labels
    known = data.where(data.true_B != NO_LABEL)
    if not len(known):
        return prior.mean.intent_temperature, prior.mean.domain_temperature
    if is_soft(labels, data.routing):
        return _intent_temperature(known, prior), prior.mean.domain_temperature
    domains_I = np.array(labels.intent_domains)
    right_domain = known.where(domains_I[known.true_B] == domains_I[known.chosen_B])
    domain = _temperature(known, prior.mean.domain_temperature, prior, lambda t: Scale(domain_temperature=t))
    return _intent_temperature(right_domain, prior), domain


def _intent_temperature(data: CalibrationData, prior: Prior) -> float:
    return _temperature(data, prior.mean.intent_temperature, prior, lambda t: Scale(intent_temperature=t))


def _temperature(
    data: CalibrationData, prior_mean: float, prior: Prior, scale: Callable[[float], Scale]
) -> float:
    """The temperature with the highest posterior: likelihood of the (smoothed) true intents times prior."""

    def loss(log_temperature: float) -> float:
        calibration = Calibration(pooled=scale(exp(log_temperature)), locales={})
        log_probs_BI = data.tempered(calibration)
        true_B = log_probs_BI[np.arange(len(data)), data.true_B]
        if prior.smoothing:
            true_B = (1.0 - prior.smoothing) * true_B + prior.smoothing * log_probs_BI.mean(axis=1)
        return _prior(log_temperature - log(prior_mean), prior.spread) - float(true_B.sum())

    return exp(minimize_scalar(loss, bounds=(-LIMIT, LIMIT), method="bounded").x)


def _fit_path(data: CalibrationData, prior: Prior) -> tuple[float, float]:
    """Slope and offset of a path's log-odds, by logistic regression of right slots among utterances of the right intent."""
    right_intent = data.where(data.intent_right_B) if data.labels.intents else data
    log_odds_B = right_intent.path_B - np.log(
        np.maximum(-np.expm1(right_intent.path_B), MIN_ERROR_PROBABILITY)
    )

    targets_B = right_intent.frame_right_B * (1.0 - 2.0 * prior.smoothing) + prior.smoothing

    def loss(parameters: Floats) -> float:
        log_slope, offset = parameters.tolist()
        scores_B = exp(log_slope) * log_odds_B + offset
        losses_B = np.logaddexp(0.0, scores_B) - targets_B * scores_B
        penalty = _prior(log_slope - log(prior.mean.path_slope), prior.slope_spread) + _prior(
            offset - prior.mean.path_offset, prior.spread
        )
        return penalty + float(losses_B.sum())

    start = np.array([log(prior.mean.path_slope), prior.mean.path_offset])
    bounds = [(-LIMIT, LIMIT), (-LIMIT, LIMIT)]
    log_slope, offset = minimize(loss, start, bounds=bounds).x.tolist()
    return exp(log_slope), offset


def _prior(distance: float, spread: float) -> float:
    """Negative log-density of a normal prior, up to a constant."""
    return 0.5 * (distance / spread) ** 2
