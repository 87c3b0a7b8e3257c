"""What the sections of the evaluation report show, as data for its templates.

A section is None where the corpus has no such labels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from polyparse.evaluation.breakdown import (
    by_errors,
    cases_with_slot_errors,
    confusions,
    counts_by,
    most_confident,
    slot_errors,
)
from polyparse.evaluation.calibration_error import reliability
from polyparse.evaluation.measures import MEASURES, Counts, measures
from polyparse.evaluation.reliability import PARTS, POOLED, answers
from polyparse.evaluation.report.parts import Column, MarkedSpan, MarkedText, Piece, Table, pieces

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from polyparse.evaluation.breakdown import SlotErrors
    from polyparse.evaluation.calibration_error import Bin
    from polyparse.evaluation.evaluate import Case
    from polyparse.evaluation.report.parts import Report

MOST_CONFUSIONS = 25
MOST_SLOTS = 10
MOST_EXAMPLES = 4
SLOT_COLUMNS = {
    "true": Column("True", "number"),
    "predicted": Column("Found", "number"),
    "precision": Column("Precision", "share"),
    "recall": Column("Recall", "share"),
    "f1": Column("F1", "share"),
    "missed": Column("Missed", "number"),
    "renamed": Column("Renamed", "number"),
    "moved": Column("Moved", "number"),
    "extra": Column("Extra", "number"),
}
"""Field of SlotErrors -> its column."""


class Diagram(NamedTuple):
    """A reliability diagram: the calibration error of one part of the frame, and the bins to draw."""

    title: str
    error: float
    utterances: int
    bins: Sequence[Bin]


class Reliability(NamedTuple):
    """Calibration errors, and diagrams of all utterances and of each locale's."""

    errors: Table
    pooled: Sequence[Diagram]
    locales: Mapping[str, Sequence[Diagram]]


class WorstSlot(NamedTuple):
    """A slot with many errors, and utterances that have some, each with its true and with its predicted spans."""

    name: str
    errors: SlotErrors
    examples: Sequence[tuple[MarkedText, MarkedText]]


def by_locale(report: Report) -> Table:
    """Every measure in every locale, and their means."""
    columns = [Column("Locale"), Column("Utterances", "number")]
    columns += [Column(measure.title, measure.kind) for measure in MEASURES.values()]
    rows = [_measured(locale, ratios) for locale, ratios in report.measures["locales"].items()]
    caption = "Measures by locale; in the mean every locale weighs the same"
    return Table(caption, columns, rows, _measured("Mean", report.measures["mean"]))


def of_calibration(report: Report) -> Reliability | None:
    """Calibration errors in every locale and pooled, and the diagrams behind them."""
    pooled, locales = report.measures["calibration"][POOLED], report.measures["calibration"]["locales"]
    parts = [part for part in PARTS if pooled[part] is not None]
    if not parts:
        return None
    columns = [Column("Locale")]
    for part in parts:
        columns += [Column(f"{part.capitalize()} error", "rate"), Column("By chance", "rate")]
    rows = [_calibrated(locale, errors, parts) for locale, errors in locales.items()]
    caption = "Expected calibration error by locale, and of all utterances together"
    return Reliability(
        Table(caption, columns, rows, _calibrated("Pooled", pooled, parts)),
        _diagrams(pooled, report.cases),
        {
            locale: _diagrams(errors, [case for case in report.cases if case.example.locale == locale])
            for locale, errors in locales.items()
        },
    )


def by_domain(report: Report) -> Table | None:
    """Accuracy in each true domain."""
    return _by_label("domain", counts_by(lambda example: example.domain, report.cases))


def by_intent(report: Report) -> Table | None:
    """Accuracy of each true intent."""
    return _by_label("intent", counts_by(lambda example: example.intent, report.cases))


def of_confusions(report: Report) -> Table | None:
    """Which intents are confused with which; no rows where none is."""
    totals = counts_by(lambda example: example.intent, report.cases)
    if not totals:
        return None
    columns = [
        Column("True intent"),
        Column("Found"),
        Column("Utterances", "number"),
        Column("Of the true intent's", "share"),
        Column("For example"),
    ]
    pairs = confusions(report.cases)
    rows = [
        (true, predicted or "none", len(cases), len(cases) / totals[true].utterances, _example_of(cases))
        for true, predicted, cases in pairs[:MOST_CONFUSIONS]
    ]
    caption = f"The {len(rows)} most frequent of {len(pairs)} pairs of intents confused"
    return Table(caption, columns, rows)


def of_slots(report: Report) -> Table | None:
    """Precision, recall and F1 of each slot, and its errors by kind."""
    ranked = by_errors(slot_errors(report.cases))
    if not ranked:
        return None
    rows = [(name, *(getattr(errors, field) for field in SLOT_COLUMNS)) for name, errors in ranked]
    caption = f"{len(rows)} slots, those with the most errors first"
    return Table(caption, [Column("Slot"), *SLOT_COLUMNS.values()], rows)


def of_worst_slots(report: Report) -> list[WorstSlot] | None:
    """The slots with the most errors, each with utterances that have some."""
    worst = [entry for entry in by_errors(slot_errors(report.cases)) if entry[1].wrong][:MOST_SLOTS]
    return [_worst_slot(name, errors, report.cases) for name, errors in worst] or None


def of_facts(report: Report) -> Mapping[str, str]:
    """How the frames were made."""
    return report.facts


def _measured(name: str, ratios: Mapping[str, Any]) -> list[Any]:
    return [name, ratios["utterances"], *(ratios[key] for key in MEASURES)]


def _calibrated(name: str, errors: Mapping[str, Any], parts: Sequence[str]) -> list[Any]:
    pairs = (errors[part] or {"ece": None, "by_chance": None} for part in parts)
    return [name, *(cell for pair in pairs for cell in (pair["ece"], pair["by_chance"]))]


def _diagrams(errors: Mapping[str, Any], cases: Sequence[Case]) -> list[Diagram]:
    scored = ((part, answers(part, cases)) for part, error in errors.items() if error is not None)
    return [
        Diagram(part.capitalize(), errors[part]["ece"], len(pairs.correct), reliability(*pairs))
        for part, pairs in scored
    ]


def _by_label(kind: str, counts: Mapping[str, Counts]) -> Table | None:
    """Measures of the utterances with each true label, those first that hold the most wrong ones."""
    if not counts:
        return None
    keys = list(dict.fromkeys((f"{kind}_accuracy", "intent_accuracy", "slot_f1", "exact_match")))
    columns = [Column(f"True {kind}"), Column("Utterances", "number")]
    columns += [Column(MEASURES[key].title, "share") for key in keys]
    ranked = sorted(counts.items(), key=lambda entry: entry[1].exact_right - entry[1].utterances)
    rows = [
        (name, label_counts.utterances, *(measures(label_counts)[key] for key in keys))
        for name, label_counts in ranked
    ]
    return Table(f"{len(rows)} {kind}s, those with the most utterances wrong first", columns, rows)


def _example_of(cases: Sequence[Case]) -> MarkedText:
    example = most_confident(cases, 1)[0].example
    return MarkedText(example.locale, [Piece(example.text)])


def _worst_slot(name: str, errors: SlotErrors, cases: Sequence[Case]) -> WorstSlot:
    examples = most_confident(cases_with_slot_errors(cases, name), MOST_EXAMPLES)
    return WorstSlot(name, errors, [_compared(case) for case in examples])


def _compared(case: Case) -> tuple[MarkedText, MarkedText]:
    true = {(slot.start, slot.end, slot.name) for slot in case.example.slots}
    predicted = {(slot.start, slot.end, slot.name) for slot in case.frame.slots}
    return _marked(case, true, predicted), _marked(case, predicted, true)


def _marked(case: Case, spans: set[tuple[int, int, str]], right: set[tuple[int, int, str]]) -> MarkedText:
    marks = (MarkedSpan(*span, right=span in right) for span in spans)
    return MarkedText(case.example.locale, list(pieces(case.example.text, marks)))
