"""The measures of a frame against the truth: one table over additive counts, which every report reads.

Slots are compared twice. By MASSIVE's rule (`massive_slots`) for slot F1 and exact match, so that figures can be compared
with published ones; by code points, for frame accuracy and SEMER.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from polyparse.evaluation.massive_slots import runs
from polyparse.evaluation.semer import slot_errors
from polyparse.evaluation.spans import trimmed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from polyparse.contract.frame import Choice, Frame
    from polyparse.corpora.example import Example


@dataclass(frozen=True, slots=True)
class Counts:
    """Integers that add: the counts of a corpus are the sum of its utterances', in any order."""

    utterances: int = 0
    domains: int = 0  # utterances with a true domain
    domains_right: int = 0
    intents: int = 0  # utterances with a true intent
    intents_right: int = 0
    slots_true: int = 0  # by MASSIVE's rule
    slots_predicted: int = 0
    slots_right: int = 0
    exact_right: int = 0  # utterances with intent and slots right, by MASSIVE's rule
    frames_right: int = 0  # utterances with domain, intent and slots right, by code points
    semer_errors: int = 0
    semer_reference: int = 0  # true slots and intents

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(left + right for left, right in zip(astuple(self), astuple(other), strict=True)))


class Measure(NamedTuple):
    """A ratio of counts, None where there is nothing to measure.

    A "share" is from 0 to 1 and better when higher, a "rate" may exceed 1 and is better when lower.
    """

    title: str
    meaning: str
    of: Callable[[Counts], float | None]
    kind: Literal["share", "rate"] = "share"


MEASURES: Mapping[str, Measure] = {
    "exact_match": Measure(
        "Exact match",
        "intent and all slots right, by the rules of MASSIVE's scorer",
        lambda counts: _ratio(counts.exact_right, counts.utterances),
    ),
    "intent_accuracy": Measure(
        "Intent accuracy",
        "the share of utterances with the right intent",
        lambda counts: _ratio(counts.intents_right, counts.intents),
    ),
    "slot_f1": Measure(
        "Slot F1",
        (
            "micro-averaged over spans of white-space tokens (characters in Chinese and Japanese), "
            "neighbours of one slot being one span"
        ),
        lambda counts: _ratio(2 * counts.slots_right, counts.slots_true + counts.slots_predicted),
    ),
    "domain_accuracy": Measure(
        "Domain accuracy",
        "the share of utterances with the right domain",
        lambda counts: _ratio(counts.domains_right, counts.domains),
    ),
    "frame_accuracy": Measure(
        "Frame accuracy",
        "domain, intent and every span right to the character",
        lambda counts: _ratio(counts.frames_right, counts.utterances),
    ),
    "semer": Measure(
        "SEMER",
        (
            "slots deleted, inserted or substituted and intents wrong, over true slots and intents; "
            "lower is better"
        ),
        lambda counts: _ratio(counts.semer_errors, counts.semer_reference),
        kind="rate",
    ),
}
"""Measures by their keys in metrics.json, the most important first."""


def measures(counts: Counts) -> dict[str, Any]:
    """Every measure of the counts by its key, and `utterances`."""
    return {**{key: measure.of(counts) for key, measure in MEASURES.items()}, "utterances": counts.utterances}


def report(per_locale: Mapping[str, Counts]) -> dict[str, Any]:
    """{"locales": {locale: measures}, "mean": measures}, as `evaluate` writes it to metrics.json.

    In the mean every locale weighs the same, without those that have nothing to measure; utterances are summed.
    """
    locales = {locale: measures(counts) for locale, counts in per_locale.items()}
    mean: dict[str, Any] = {key: _mean([ratios[key] for ratios in locales.values()]) for key in MEASURES}
    return {
        "locales": locales,
        "mean": {**mean, "utterances": sum(c.utterances for c in per_locale.values())},
    }


def score(gold: Example, frame: Frame) -> Counts:
    """The counts of one utterance; where the example has no domain or intent, the frame's is not scored.

    Raises ValueError when the frame answers another text, whose offsets would mean nothing here.
    """
    if frame.text != gold.text:
        raise ValueError(
            f"found a frame of {frame.text!r}, expected one of {gold.text!r} (example {gold.id})"
        )
    has_domain, has_intent = gold.domain is not None, gold.intent is not None
    domain_right, intent_right = _is_right(gold.domain, frame.domain), _is_right(gold.intent, frame.intent)
    true, predicted = trimmed(gold.text, gold.slots), trimmed(gold.text, frame.slots)
    true_runs = runs(gold.text, gold.locale, true)
    predicted_runs = runs(gold.text, gold.locale, predicted)
    return Counts(
        utterances=1,
        domains=int(has_domain),
        domains_right=int(has_domain and domain_right),
        intents=int(has_intent),
        intents_right=int(has_intent and intent_right),
        slots_true=len(true_runs),
        slots_predicted=len(predicted_runs),
        slots_right=len(true_runs & predicted_runs),
        exact_right=int(intent_right and true_runs == predicted_runs),
        frames_right=int(domain_right and intent_right and true == predicted),
        semer_errors=slot_errors(true, predicted) + int(not intent_right),
        semer_reference=len(true) + int(has_intent),
    )


def _is_right(true: str | None, choice: Choice | None) -> bool:
    """Whether the choice is the true label; where the corpus has none, no choice is wrong."""
    return true is None or (choice is not None and choice.name == true)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
