"""The report's section on confidences: calibration error by locale, and a reliability diagram of each measure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from polyparse.evaluation.calibration_error import BINS
from polyparse.evaluation.reliability import MEASURES, POOLED, answers
from polyparse.evaluation.report.markup import Column, Html, element, joined, table
from polyparse.evaluation.report.reliability_plot import diagram, row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from polyparse.evaluation.breakdown import Case
    from polyparse.evaluation.report.page import Report

MEANING = (
    f"Utterances in order of confidence are cut into {BINS} bins of equal size. A dot is a bin: how sure it was on average, "
    "and which share of it is right; confidences that can be trusted lie on the dashed diagonal. The expected calibration "
    "error is the mean length of the red gaps. By chance: the error that perfectly calibrated confidences would show on as "
    "many utterances. Utterances that were refused are not judged."
)


def of_calibration(report: Report) -> Html | None:
    """Errors in every locale and pooled, and diagrams; those of single locales unfold."""
    found = report.measures["calibration"]
    measures = [measure for measure in MEASURES if found[POOLED][measure] is not None]
    if not measures:
        return None
    columns = [Column("Locale")]
    for measure in measures:
        columns += [Column(f"{measure.capitalize()} error", "rate"), Column("By chance", "rate")]
    rows = [_row(locale, errors, measures) for locale, errors in found["locales"].items()]
    return joined(
        [
            _figures(measures, found[POOLED], report.cases),
            element("p", MEANING, class_="note"),
            table(
                "Expected calibration error by locale, and of all utterances together",
                columns,
                [*rows, _row("Pooled", found[POOLED], measures)],
                footer=1,
            ),
            *(_of_locale(locale, errors, report.cases) for locale, errors in found["locales"].items()),
        ]
    )


def _row(name: str, errors: Mapping[str, Any], measures: Sequence[str]) -> list[Any]:
    cells: list[Any] = [name]
    for measure in measures:
        error = errors[measure] or {"ece": None, "by_chance": None}
        cells += [error["ece"], error["by_chance"]]
    return cells


def _of_locale(locale: str, errors: Mapping[str, Any], cases: Sequence[Case]) -> Html:
    own = [case for case in cases if case.example.locale == locale]
    return element(
        "details", element("summary", f"Diagrams of {locale}"), _figures(list(MEASURES), errors, own)
    )


def _figures(measures: Sequence[str], errors: Mapping[str, Any], cases: Sequence[Case]) -> Html:
    return row(
        [
            diagram(measure.capitalize(), answers(measure, cases), errors[measure]["ece"])
            for measure in measures
            if errors[measure] is not None
        ]
    )
