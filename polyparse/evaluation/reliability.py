"""How far confidences can be trusted on a corpus: calibration error by measure and locale, beside what chance alone shows.

Only what was answered is judged: an utterance that was refused has no domain and no intent to be sure of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from polyparse.evaluation.calibration_error import error_by_chance, expected_calibration_error
from polyparse.evaluation.score import score

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from polyparse.evaluation.breakdown import Case

POOLED = "pooled"


class Answers(NamedTuple):
    """Confidences, and whether each was right."""

    confidences: list[float]
    correct: list[bool]


def answers(measure: str, cases: Sequence[Case]) -> Answers:
    """The answers that a measure judges: those to utterances whose truth is known, where something was answered."""
    judged = [found for case in cases if (found := MEASURES[measure](case)) is not None]
    return Answers([confidence for confidence, _ in judged], [right for _, right in judged])


def calibration_of(cases: Sequence[Case]) -> dict[str, Any]:
    """{"pooled": errors, "locales": {locale: errors}}, where errors are {measure: {"ece", "by_chance"} or None}."""
    locales = dict.fromkeys(case.example.locale for case in cases)
    return {
        POOLED: _errors(cases),
        "locales": {
            locale: _errors([case for case in cases if case.example.locale == locale]) for locale in locales
        },
    }


def _errors(cases: Sequence[Case]) -> dict[str, dict[str, float] | None]:
    return {measure: _error(answers(measure, cases)) for measure in MEASURES}


def _error(found: Answers) -> dict[str, float] | None:
    if not found.correct:
        return None
    return {
        "ece": expected_calibration_error(found.confidences, found.correct),
        "by_chance": error_by_chance(found.confidences),
    }


def _domain(case: Case) -> tuple[float, bool] | None:
    true, choice = case.example.domain, case.frame.domain
    return None if true is None or choice is None else (choice.confidence, choice.name == true)


def _intent(case: Case) -> tuple[float, bool] | None:
    true, choice = case.example.intent, case.frame.intent
    return None if true is None or choice is None else (choice.confidence, choice.name == true)


def _frame(case: Case) -> tuple[float, bool] | None:
    if case.example.intent is not None and case.frame.intent is None:
        return None
    return case.frame.confidence, score(case.example, case.frame).frames_right == 1


MEASURES: dict[str, Callable[[Case], tuple[float, bool] | None]] = {
    "intent": _intent,
    "domain": _domain,
    "frame": _frame,
}
"""What can be sure and right: the confidence of one, and whether it is right; None where there is nothing to judge."""
