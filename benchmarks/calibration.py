"""How far confidences are from the truth: the expected calibration error (ECE) of intents, domains and whole frames.

A shipped calibration was fitted to all of dev, where it cannot be judged: it is fitted anew to one half and measured on the
other, and the reverse. The ECE of the shipped one itself on dev stands beside that, so that a wrong one shows.
"""

from collections.abc import Sequence

from benchmarks.errors import MeasurementFailed
from polyparse.corpora.example import Example
from polyparse.evaluation.calibration_error import expected_calibration_error
from polyparse.inference.pipeline import Postprocessing
from polyparse.runtime.load import LoadedBundle
from train.postprocessing.calibration import POOLED, cross_fitted_errors
from train.postprocessing.calibration_data import CalibrationData, calibration_data_of


def figures(bundle: LoadedBundle, examples: Sequence[Example]) -> dict[str, float]:
    """`ece` is the worst measure's, each the greater of cross-fitted and as served. What has no calibration is not fitted.

    All locales count together. `ece_uncalibrated` is the worst of the model's own probabilities.

    Raises:
        MeasurementFailed: there are too few examples to fit to one half and measure on the other.
    """
    manifest = bundle.manifest
    parser = bundle.parser.with_postprocessing(Postprocessing())
    items = [parser.prepare(example.utterance) for example in examples]
    trials = calibration_data_of(parser, items, examples, manifest.routing)
    right = trials.right()
    served, local = (
        {
            measure: expected_calibration_error(confidences_B.tolist(), right[measure].tolist())
            for measure, confidences_B in trials.confidences(calibration).items()
        }
        for calibration in (manifest.calibration, None)
    )
    crossed = {} if manifest.calibration is None else _crossed(trials)
    actual = {measure: max(error, crossed.get(measure, 0.0)) for measure, error in served.items()}
    return {
        "ece": max(actual.values()),
        **{f"ece_{measure}": error for measure, error in actual.items()},
        "ece_uncalibrated": max(local.values()),
    }


def _crossed(trials: CalibrationData) -> dict[str, float]:
    """Each measure's mean over the two halves."""
    errors = {error.measure: error.after for error in cross_fitted_errors(trials) if error.locale == POOLED}
    if not errors:
        raise MeasurementFailed(f"calibration: found {len(trials)} utterances, expected at least two")
    return errors
