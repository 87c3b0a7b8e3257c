"""Counts: what scoring adds up over utterances, and the measures that are ratios of the sums."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any, TypedDict


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
    exact_right: int = 0
    frames_right: int = 0
    semer_errors: int = 0
    semer_reference: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(mine + its for mine, its in zip(astuple(self), astuple(other), strict=True)))


class Measures(TypedDict):
    """Fractions; None where there is nothing to measure: no domains, no intents, no slots true or predicted."""

    domain_accuracy: float | None
    intent_accuracy: float | None
    slot_f1: float | None
    exact_match: float | None
    frame_accuracy: float | None
    semer: float | None
    utterances: int


def measures(counts: Counts) -> Measures:
    """The ratios; slot_f1 is the micro-averaged F1 over spans, semer may exceed 1."""
    return Measures(
        domain_accuracy=_ratio(counts.domains_right, counts.domains),
        intent_accuracy=_ratio(counts.intents_right, counts.intents),
        slot_f1=_ratio(2 * counts.slots_right, counts.slots_true + counts.slots_predicted),
        exact_match=_ratio(counts.exact_right, counts.utterances),
        frame_accuracy=_ratio(counts.frames_right, counts.utterances),
        semer=_ratio(counts.semer_errors, counts.semer_reference),
        utterances=counts.utterances,
    )


def report(per_locale: Mapping[str, Counts]) -> dict[str, Any]:
    """{"locales": {locale: Measures}, "mean": Measures}, as `evaluate` writes it to metrics.json.

    The mean lets every locale weigh the same, those left out that have nothing to measure; utterances are summed.
    """
    locales = {locale: measures(counts) for locale, counts in per_locale.items()}
    rows = list(locales.values())
    mean = Measures(
        domain_accuracy=_mean([row["domain_accuracy"] for row in rows]),
        intent_accuracy=_mean([row["intent_accuracy"] for row in rows]),
        slot_f1=_mean([row["slot_f1"] for row in rows]),
        exact_match=_mean([row["exact_match"] for row in rows]),
        frame_accuracy=_mean([row["frame_accuracy"] for row in rows]),
        semer=_mean([row["semer"] for row in rows]),
        utterances=sum(row["utterances"] for row in rows),
    )
    return {"locales": locales, "mean": mean}


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
