"""Fitting a calibration to a model's answers, and the calibration error by cross-fitting: fit one half, measure the other.

Temperatures maximise the likelihood of the true intents; slope and offset of a path maximise the likelihood of right and
wrong slots among utterances of the right intent. Each parameter has a normal prior: for the pooled scale around the value
that changes nothing, for the scale of a locale around the pooled one.
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
"""Utterances of dev that a scale needs: the error to correct is a few hundredths, which fewer utterances do not show."""
POOLED_SPREAD, LOCALE_SPREAD = 1.0, 0.1
"""Standard deviations of the priors, of the offset and of the logarithms of the other parameters."""
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
    """The calibration of a model; None for too few utterances."""
    if len(data) < MIN_UTTERANCES:
        return None
    pooled = _fit_scale(data, prior_mean=Scale(), spread=POOLED_SPREAD)
    locales = {}
    for locale in np.unique(data.locales_B).tolist():
        in_locale = data.where(data.locales_B == locale)
        if len(in_locale) >= MIN_UTTERANCES:
            locales[locale] = _fit_scale(in_locale, prior_mean=pooled, spread=LOCALE_SPREAD)
    return Calibration(pooled=pooled, locales=locales)


def cross_fitted_errors(data: CalibrationData) -> list[Ece]:
    """The ECE of each measure, pooled first and then by locale; [] for too few utterances.

    Translations of an utterance are in the same half.
    """
    first_B = _first_half(data.ids_B)
    halves = [_half(data, measured_B) for measured_B in (first_B, ~first_B)]
    if any(half is None for half in halves):
        return []
    locales = (POOLED, *np.unique(data.locales_B).tolist())
    measured = [half for half in halves if half is not None]
    errors = (_error(measured, measure, locale) for measure in data.right() for locale in locales)
    return [error for error in errors if error is not None]


def in_words(data: CalibrationData) -> str:
    """A sentence for the model card on the calibration that is fitted to these data, with its error."""
    if len(data) < MIN_UTTERANCES:
        return f"not calibrated: found {len(data)} dev utterances, expected at least {MIN_UTTERANCES}"
    pooled = [error for error in cross_fitted_errors(data) if error.locale == POOLED]
    errors = ", ".join(f"{error.measure} {error.after:.4f} ({error.before:.4f} before)" for error in pooled)
    if not errors:
        errors = f"not measured, for half of dev has fewer than {MIN_UTTERANCES} utterances"
    return (
        f"calibrated on {len(data)} dev utterances: expected calibration error in {BINS} bins of equal size, fitted to "
        f"one half of dev and measured on the other: {errors}"
    )


class _Half(NamedTuple):
    """Half of the data; measure -> confidences before and after the calibration that is fitted to the other half."""

    data: CalibrationData
    before: dict[str, Floats]
    after: dict[str, Floats]


def _half(data: CalibrationData, measured_B: NDArray[np.bool_]) -> _Half | None:
    calibration = fit(data.where(~measured_B))
    measured = data.where(measured_B)
    if calibration is None or not len(measured):
        return None
    return _Half(measured, measured.confidences(None), measured.confidences(calibration))


def _error(halves: list[_Half], measure: str, locale: str) -> Ece | None:
    """None if a half has no utterance of the locale."""
    errors = []
    for data, before, after in halves:
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


def _fit_scale(data: CalibrationData, *, prior_mean: Scale, spread: float) -> Scale:
    intent, domain = _fit_temperatures(data, prior_mean, spread)
    slope, offset = _fit_path(data, prior_mean, spread)
    return Scale(
        intent_temperature=round(intent, 6),
        domain_temperature=round(domain, 6),
        path_slope=round(slope, 6),
        path_offset=round(offset, 6),
    )


def _fit_temperatures(data: CalibrationData, prior_mean: Scale, spread: float) -> tuple[float, float]:
    """Temperatures of intents and domains; with hard routing, the former is fitted to utterances of the right domain."""
    labels = data.labels
    known = data.where(data.true_B != NO_LABEL)
    if not len(known):
        return prior_mean.intent_temperature, prior_mean.domain_temperature
    if is_soft(labels, data.routing):
        intent = _temperature(
            known, prior_mean.intent_temperature, spread, lambda t: Scale(intent_temperature=t)
        )
        return intent, prior_mean.domain_temperature
    domains_I = np.array(labels.intent_domains)
    right_domain = known.where(domains_I[known.true_B] == domains_I[known.chosen_B])
    return (
        _temperature(
            right_domain, prior_mean.intent_temperature, spread, lambda t: Scale(intent_temperature=t)
        ),
        _temperature(known, prior_mean.domain_temperature, spread, lambda t: Scale(domain_temperature=t)),
    )


def _temperature(
    data: CalibrationData, prior_mean: float, spread: float, scale: Callable[[float], Scale]
) -> float:
    """The temperature with the highest posterior: likelihood of the true intents times prior."""

    def loss(log_temperature: float) -> float:
        calibration = Calibration(pooled=scale(exp(log_temperature)), locales={})
        log_probs_B = data.tempered(calibration)[np.arange(len(data)), data.true_B]
        return _prior(log_temperature - log(prior_mean), spread) - float(log_probs_B.sum())

    return exp(minimize_scalar(loss, bounds=(-LIMIT, LIMIT), method="bounded").x)


def _fit_path(data: CalibrationData, prior_mean: Scale, spread: float) -> tuple[float, float]:
    """Slope and offset of a path's log-odds, by logistic regression of right slots among utterances of the right intent."""
    right_intent = data.where(data.intent_right_B) if data.labels.intents else data
    log_odds_B = right_intent.path_B - np.log(
        np.maximum(-np.expm1(right_intent.path_B), MIN_ERROR_PROBABILITY)
    )

    def loss(parameters: Floats) -> float:
        log_slope, offset = parameters.tolist()
        scores_B = exp(log_slope) * log_odds_B + offset
        losses_B = np.logaddexp(0.0, scores_B) - right_intent.frame_right_B * scores_B
        prior = _prior(log_slope - log(prior_mean.path_slope), spread) + _prior(
            offset - prior_mean.path_offset, spread
        )
        return prior + float(losses_B.sum())

    start = np.array([log(prior_mean.path_slope), prior_mean.path_offset])
    bounds = [(-LIMIT, LIMIT), (-LIMIT, LIMIT)]
    log_slope, offset = minimize(loss, start, bounds=bounds).x.tolist()
    return exp(log_slope), offset


def _prior(distance: float, spread: float) -> float:
    """Negative log-density of a normal prior, up to a constant."""
    return 0.5 * (distance / spread) ** 2
