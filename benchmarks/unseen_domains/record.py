"""The record of `benchmarks.unseen_domains`: how well utterances of domains that a model never saw were told apart."""

import json
from pathlib import Path

from benchmarks.errors import MeasurementFailed

FILE = Path(__file__).with_name("record.json")
KEY = "ood_auroc"
WEIGHT = "weight_"  # before the name of a signal


def figures(record: Path) -> dict[str, float]:
    """`ood_auroc` of a record; prints where it was read.

    Raises:
        MeasurementFailed: there is no such record, or none with that figure from 0 to 1.
    """
    actual = _read(record).get(KEY)
    if not isinstance(actual, float) or not 0.0 <= actual <= 1.0:
        raise MeasurementFailed(f"{record}: {KEY}: found {actual!r}, expected a number from 0 to 1")
    print(f"{KEY}: not measured now, read from {record}")
    return {KEY: actual}


def weights(record: Path) -> dict[str, float]:
    """The weights by signal of the score that the record is of.

    Raises:
        MeasurementFailed: there is no such record, or a weight is no number.
    """
    actual = {
        key.removeprefix(WEIGHT): value for key, value in _read(record).items() if key.startswith(WEIGHT)
    }
    for name, value in actual.items():
        if not isinstance(value, int | float):
            raise MeasurementFailed(f"{record}: {WEIGHT}{name}: found {value!r}, expected a number")
    return actual


def _read(record: Path) -> dict[str, float]:
    try:
        actual = json.loads(record.read_text(encoding="utf-8"))["figures"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MeasurementFailed(
            f"{record}: found no figures ({error!r}), expected the record of a run of benchmarks.unseen_domains"
        ) from error
    if not isinstance(actual, dict):
        raise MeasurementFailed(f"{record}: figures: found {actual!r}, expected an object")
    return actual
