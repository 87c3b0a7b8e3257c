"""The measures of a study as ratios of linear sums of counts, so that they can be taken of many draws at once.

A measure is what `polyparse.evaluation` makes of the same counts; a test compares.

Axes: C columns of counts; `...` stands for any axes, such as draws and seeds.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from polyparse.evaluation.measures import MEASURES, Counts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

SPANS = ("spans_true", "spans_predicted", "spans_right")
"""Columns of `polyparse.evaluation.tag_spans`, zeros where a corpus has no tags."""
COLUMNS = (*(field.name for field in fields(Counts)), *SPANS)


class StudyMeasure(NamedTuple):
    """The numerator's and the denominator's columns with their weights; a rate is better when it is lower."""

    title: str
    part: Mapping[str, float]
    whole: Mapping[str, float]
    is_rate: bool = False


def _like(key: str, part: Mapping[str, float], whole: Mapping[str, float]) -> StudyMeasure:
    """With title and direction of the measure of that key in metrics.json."""
    return StudyMeasure(MEASURES[key].title, part, whole, is_rate=MEASURES[key].kind == "rate")


RATIOS: Mapping[str, StudyMeasure] = {
    "semer": _like("semer", {"semer_errors": 1}, {"semer_reference": 1}),
    "domain_accuracy": _like("domain_accuracy", {"domains_right": 1}, {"domains": 1}),
    "intent_accuracy": _like("intent_accuracy", {"intents_right": 1}, {"intents": 1}),
    "slot_f1": _like("slot_f1", {"slots_right": 2}, {"slots_true": 1, "slots_predicted": 1}),
    "frame_accuracy": _like("frame_accuracy", {"frames_right": 1}, {"utterances": 1}),
    "exact_match": _like("exact_match", {"exact_right": 1}, {"utterances": 1}),
    "span_f1": StudyMeasure("Span F1", {"spans_right": 2}, {"spans_true": 1, "spans_predicted": 1}),
}
"""In the order of the COLING paper's cells, then ours; "span_f1" is conlleval's, over a corpus's own tokens."""
FIVE = tuple(RATIOS)[:5]
"""The measures of a cell of the COLING paper."""


def ratio(measure: str, counts: NDArray[np.floating]) -> NDArray[np.float64]:
    """The measure of counts (..., C), shape (...); NaN where there is nothing to measure."""
    found = RATIOS[measure]
    part, whole = counts @ _weights(found.part), counts @ _weights(found.whole)
    with np.errstate(divide="ignore", invalid="ignore"):
        result: NDArray[np.float64] = np.where(whole > 0, part / whole, np.nan)
    return result


def _weights(of: Mapping[str, float]) -> NDArray[np.float64]:
    return np.array([of.get(column, 0.0) for column in COLUMNS])
