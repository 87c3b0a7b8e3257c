"""SEMER, the semantic error rate: deletions, insertions and substitutions over reference slots and intents."""

from collections.abc import Sequence

from polyparse.evaluation.spans import SlotSpan


def slot_errors(true: Sequence[SlotSpan], predicted: Sequence[SlotSpan]) -> int:
    """D + I + S for the slots of one utterance, where neither side overlaps itself.

    Slots equal in name and span are no errors. Of the others, one predicted and one true that overlap make a
    substitution, each slot in one pair at most; what is left over is deleted (true) or inserted (predicted).
    """
    deleted = sorted(set(true) - set(predicted))
    inserted = sorted(set(predicted) - set(true))
    return len(deleted) + len(inserted) - _pairs(deleted, inserted)


def _pairs(deleted: Sequence[SlotSpan], inserted: Sequence[SlotSpan]) -> int:
    """The most pairs that overlap; spans are in order, so that to pair the next two as soon as they overlap is optimal."""
    pairs = left = right = 0
    while left < len(deleted) and right < len(inserted):
        one, other = deleted[left], inserted[right]
        overlap = max(one.start, other.start) < min(one.end, other.end)
        pairs += overlap
        left += overlap or one.end <= other.end
        right += overlap or other.end < one.end
    return pairs
