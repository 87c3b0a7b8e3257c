"""The sections of the evaluation report: tables and examples of a Report, each None where its corpus has no such labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from polyparse.evaluation.breakdown import by_errors, confusions, counts_by, mistaken, slot_errors, telling
from polyparse.evaluation.report.markup import (
    Column,
    Html,
    Marked,
    element,
    joined,
    percent,
    table,
    utterance,
)
from polyparse.evaluation.score import Counts, measures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from polyparse.evaluation.breakdown import Case, SlotErrors
    from polyparse.evaluation.report.page import Report

MEASURES = {
    "exact_match": "Exact match",
    "intent_accuracy": "Intent accuracy",
    "slot_f1": "Slot F1",
    "domain_accuracy": "Domain accuracy",
    "frame_accuracy": "Frame accuracy",
    "semer": "SEMER",
}
MEANINGS = {
    "Exact match": "intent and all slots right, by the rules of MASSIVE's scorer",
    "Intent accuracy": "the share of utterances with the right intent",
    "Slot F1": (
        "micro-averaged over spans of white-space tokens (characters in Chinese and Japanese), "
        "neighbours of one slot being one span"
    ),
    "Domain accuracy": "the share of utterances with the right domain",
    "Frame accuracy": "domain, intent and every span right to the character",
    "SEMER": "slots deleted, inserted or substituted and intents wrong, over true slots and intents; lower is better",
}
MOST_CONFUSIONS = 25
MOST_SLOTS = 10
MOST_EXAMPLES = 4


def by_locale(report: Report) -> Html | None:
    """Every measure in every locale, and their means."""
    columns = [Column("Locale"), Column("Utterances", "number"), *(_column(key) for key in MEASURES)]
    rows = [_measured(locale, found) for locale, found in report.measures["locales"].items()]
    mean = _measured("Mean", report.measures["mean"])
    meanings = (joined([element("dt", name), element("dd", text)]) for name, text in MEANINGS.items())
    return joined(
        [
            table(
                "Measures by locale; in the mean every locale weighs the same",
                columns,
                [*rows, mean],
                footer=1,
            ),
            element("details", element("summary", "What the measures mean"), element("dl", *meanings)),
        ]
    )


def by_domain(report: Report) -> Html | None:
    """Accuracy in each true domain."""
    return _by_label("Domain", counts_by(lambda example: example.domain, report.cases), "domain_accuracy")


def by_intent(report: Report) -> Html | None:
    """Accuracy of each true intent."""
    return _by_label("Intent", counts_by(lambda example: example.intent, report.cases), "intent_accuracy")


def of_confusions(report: Report) -> Html | None:
    """Which intents were taken for which."""
    totals = counts_by(lambda example: example.intent, report.cases)
    if not totals:
        return None
    found = confusions(report.cases)
    if not found:
        return element("p", "Every utterance was given its true intent.")
    columns = [
        Column("True intent"),
        Column("Found"),
        Column("Utterances", "number"),
        Column("Of the true intent's", "share"),
        Column("For example"),
    ]
    rows = [
        (true, other or "none", len(cases), len(cases) / totals[true].utterances, _example_of(cases))
        for true, other, cases in found[:MOST_CONFUSIONS]
    ]
    caption = f"The {len(rows)} most frequent of {len(found)} pairs of intents confused"
    return table(caption, columns, rows)


def of_slots(report: Report) -> Html | None:
    """Precision, recall and F1 of each slot, and its errors by kind."""
    errors = slot_errors(report.cases)
    if not errors:
        return None
    columns = [
        Column("Slot"),
        *(Column(name, "number") for name in ("True", "Found")),
        *(Column(name, "share") for name in ("Precision", "Recall", "F1")),
        *(Column(name, "number") for name in ("Missed", "Renamed", "Moved", "Extra")),
    ]
    rows = [
        (
            *(name, of.true, of.found, of.precision, of.recall, of.f1),
            *(of.missed, of.renamed, of.moved, of.extra),
        )
        for name, of in by_errors(errors)
    ]
    legend = (
        "Missed: nothing was found there. Renamed: only another slot was. Moved: the slot was, with other ends. "
        "Extra: found where no such slot is."
    )
    caption = f"{len(rows)} slots, those with the most errors first"
    return joined([table(caption, columns, rows), element("p", legend, class_="note")])


def of_worst_slots(report: Report) -> Html | None:
    """The slots that cost the most, each with utterances in which it went wrong."""
    worst = [entry for entry in by_errors(slot_errors(report.cases)) if entry[1].wrong][:MOST_SLOTS]
    if not worst:
        return None
    legend = element(
        "p",
        "True spans above, found ones below; a span that the other line lacks is ",
        element("mark", "dashed", class_="wrong"),
        ". The utterances of which the model was surest come first, the locales in turn.",
        class_="note",
    )
    return joined([legend, *(_worst_slot(name, errors, report.cases) for name, errors in worst)])


def of_facts(report: Report) -> Html | None:
    """How the frames were made."""
    facts = (joined([element("dt", key), element("dd", value)]) for key, value in report.facts.items())
    return element("dl", *facts, class_="facts")


def _column(key: str) -> Column:
    return Column(MEASURES[key], "rate" if key == "semer" else "share")


def _measured(name: str, found: Mapping[str, Any]) -> list[Any]:
    return [name, found["utterances"], *(found[key] for key in MEASURES)]


def _by_label(kind: str, found: Mapping[str, Counts], judged: str) -> Html | None:
    """Measures of the utterances with each true label, those first that hold the most wrong ones."""
    keys = list(dict.fromkeys((judged, "intent_accuracy", "slot_f1", "exact_match")))
    columns = [Column(f"True {kind.lower()}"), Column("Utterances", "number")]
    columns += [Column(MEASURES[key], "share") for key in keys]
    ranked = sorted(found.items(), key=lambda entry: entry[1].exact_right - entry[1].utterances)
    if not ranked:
        return None
    rows: list[list[Any]] = []
    for name, counts in ranked:
        ratios: Mapping[str, Any] = measures(counts)
        rows.append([name, counts.utterances, *(ratios[key] for key in keys)])
    return table(f"{len(rows)} {kind.lower()}s, those with the most utterances wrong first", columns, rows)


def _example_of(cases: Sequence[Case]) -> Html:
    example = telling(cases, 1)[0].example
    return utterance(example.text, [], locale=example.locale)


def _worst_slot(name: str, errors: SlotErrors, cases: Sequence[Case]) -> Html:
    kinds = {"missed": errors.missed, "renamed": errors.renamed, "moved": errors.moved, "extra": errors.extra}
    said = ", ".join(f"{count} {kind}" for kind, count in kinds.items() if count)
    chosen = telling(mistaken(cases, name), MOST_EXAMPLES)
    return element(
        "article",
        element("h3", name),
        element("p", f"F1 {percent(errors.f1 or 0.0)}: {said}, {errors.right} right", class_="note"),
        *map(_compared, chosen),
    )


def _compared(case: Case) -> Html:
    """An utterance twice, once with its true spans and once with those found."""
    example, frame = case
    true = {(slot.start, slot.end, slot.name) for slot in example.slots}
    found = {(slot.start, slot.end, slot.name) for slot in frame.slots}
    lines = (
        joined(
            [
                element("dt", label),
                element(
                    "dd",
                    utterance(
                        example.text,
                        [Marked(*span, right=span in others) for span in spans],
                        locale=example.locale,
                    ),
                ),
            ]
        )
        for label, spans, others in (("true", true, found), ("found", found, true))
    )
    return element("div", element("p", example.locale, class_="locale"), element("dl", *lines), class_="case")
