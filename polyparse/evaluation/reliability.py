"""How far confidences can be trusted on a corpus: calibration error by part and locale, beside what chance alone shows.

Only answers count: a refused utterance has no domain and no intent that a confidence could be of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from polyparse.evaluation.calibration_error import error_by_chance, expected_calibration_error
from polyparse.evaluation.measures import score

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from polyparse.evaluation.evaluate import Case

POOLED = "pooled"


class Answers(NamedTuple):
    """Confidences, and whether each was right."""

    confidences: list[float]
    correct: list[bool]


def answers(part: str, cases: Sequence[Case]) -> Answers:
    """The answers that a part counts: those to utterances whose true label is known."""
    pairs = [pair for case in cases if (pair := PARTS[part](case)) is not None]
    return Answers([confidence for confidence, _ in pairs], [right for _, right in pairs])


def calibration_of(cases: Sequence[Case]) -> dict[str, Any]:
    """{"pooled": errors, "locales": {locale: errors}}, where errors are {part: {"ece", "by_chance"} or None}."""
    locales = dict.fromkeys(case.example.locale for case in cases)
    return {
        POOLED: _errors(cases),
        "locales": {
            locale: _errors([case for case in cases if case.example.locale == locale]) for locale in locales
        },
    }


def _errors(cases: Sequence[Case]) -> dict[str, dict[str, float] | None]:
    return {part: _error(answers(part, cases)) for part in PARTS}


def _error(scored: Answers) -> dict[str, float] | None:
    if not scored.correct:
        return None
    return {
        "ece": expected_calibration_error(scored.confidences, scored.correct),
        "by_chance": error_by_chance(scored.confidences),
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


PARTS: dict[str, Callable[[Case], tuple[float, bool] | None]] = {
    "intent": _intent,
    "domain": _domain,
    "frame": _frame,
}
"""Part of a frame -> its confidence, and whether it is right; None without an answer or a known truth."""
