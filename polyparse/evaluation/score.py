"""Scoring: frames against examples, as additive counts, then measures and a report per locale."""

from polyparse.contract.frame import Frame
from polyparse.corpora.example import Example
from polyparse.evaluation.accuracy import is_right
from polyparse.evaluation.massive_slots import runs
from polyparse.evaluation.measures import Counts, Measures, measures, report
from polyparse.evaluation.semer import slot_errors
from polyparse.evaluation.spans import trimmed

__all__ = ["Counts", "Measures", "measures", "report", "score"]


def score(gold: Example, frame: Frame) -> Counts:
    """The counts of one utterance; where the example has no domain or intent, the frame's is not judged.

    Raises ValueError when the frame answers another text, whose offsets would mean nothing here.
    """
    if frame.text != gold.text:
        raise ValueError(
            f"found a frame of {frame.text!r}, expected one of {gold.text!r} (example {gold.id})"
        )
    has_domain, has_intent = gold.domain is not None, gold.intent is not None
    domain_right, intent_right = is_right(gold.domain, frame.domain), is_right(gold.intent, frame.intent)
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
