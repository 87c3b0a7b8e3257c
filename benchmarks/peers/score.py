"""Answers scored: each system's by the measure that polyparse's own evaluation has."""

from collections.abc import Sequence

from benchmarks.errors import MeasurementFailed
from benchmarks.peers.inside.exchange import Answer
from polyparse.contract.frame import Choice, Frame, Slot
from polyparse.corpora.read import Example
from polyparse.evaluation.measures import Counts, report, score

COMPARED = ("exact_match", "intent_accuracy", "slot_f1")


def scores(examples: Sequence[Example], answers: Sequence[Answer]) -> dict[str, float]:
    """The measures COMPARED of the answers, each the mean over locales.

    Raises:
        MeasurementFailed: not one answer an example, or a span outside of its text.
    """
    if len(answers) != len(examples):
        raise MeasurementFailed(
            f"found {len(answers)} answers to {len(examples)} utterances, expected one each"
        )
    counts: dict[str, Counts] = {}
    for example, answer in zip(examples, answers, strict=True):
        counts[example.locale] = counts.get(example.locale, Counts()) + score(example, frame(example, answer))
    mean = report(counts)["mean"]
    return {measure: mean[measure] or 0.0 for measure in COMPARED}


def frame(example: Example, answer: Answer) -> Frame:
    """An answer as a frame without domain, which none of those COMPARED looks at."""
    text = example.text
    for span in answer.spans:
        if not 0 <= span.start < span.end <= len(text):
            raise MeasurementFailed(f"{text!r}: found {span}, expected a span within {len(text)} characters")
    slots = tuple(
        Slot(span.name, text[span.start : span.end], span.start, span.end, 1.0) for span in answer.spans
    )
    return Frame(text, example.locale, None, Choice(answer.intent, 1.0), slots, 1.0)
