"""What is shown of an utterance where text may be: never an address of mail, a number, or a slot that the policy names.

    mail ann@example.org on 0171 555 1234 about lunch with bob   ->   mail [email] on [number] about lunch with [person]

A number is three digits or more, whatever stands between them as in telephone, card and account numbers, and the letters
that touch it. What is spelled in words is found only where the model gives it a slot that is named.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from polyparse.contract.frame import Frame, Slot

PATTERNS: Mapping[str, re.Pattern[str]] = {
    "email": re.compile(r"[^\s@<>(),;:\"']+\s?@\s?[^\s@<>(),;:\"']+"),
    "number": re.compile(r"\+?(?:(?!\d)\w){0,8}\d(?:[\s().\-–/]{0,3}\d){2,}\w{0,8}"),
}


class Span(NamedTuple):
    """A part of a text that is not shown, by offsets, and what stands in its place."""

    start: int
    end: int
    kind: str


class Redacted:
    """A text without some spans of it; they are in order and do not overlap."""

    def __init__(self, text: str, spans: Sequence[Span]) -> None:
        self._text = text
        self._spans = spans

    @property
    def text(self) -> str:
        """The text, the kind of each span in its place."""
        parts, at = [], 0
        for span in self._spans:
            parts += [self._text[at : span.start], f"[{span.kind}]"]
            at = span.end
        return "".join([*parts, self._text[at:]])

    def value(self, slot: Slot) -> str:
        """A slot's value, or what stands for it where any of it is not shown."""
        hidden = (span.kind for span in self._spans if span.start < slot.end and slot.start < span.end)
        kind = next(hidden, None)
        return slot.value if kind is None else f"[{kind}]"


class Redaction:
    """The policy; `slots` are the names of slots whose values are not shown."""

    def __init__(self, slots: Collection[str]) -> None:
        self._slots = frozenset(slots)

    def of(self, *frames: Frame) -> Redacted:
        """The text of some frames as it may be shown, given the slots that any hypothesis of any of them has in it.

        Of a text whose hypotheses were all withheld, with its refusal, nothing is shown.
        """
        text = frames[0].text
        if any(frame.refused and not frame.alternatives for frame in frames):
            return Redacted(text, [Span(0, len(text), "refused")])
        slots = [slot for frame in frames for slot in _slots_of(frame)]
        found = [Span(slot.start, slot.end, slot.name) for slot in slots if slot.name in self._slots]
        found += [
            Span(*match.span(), kind) for kind, form in PATTERNS.items() for match in form.finditer(text)
        ]
        return Redacted(text, _apart(found))


def _slots_of(frame: Frame) -> Iterable[Slot]:
    """Those of all its hypotheses."""
    return chain(frame.slots, *(each.slots for each in frame.alternatives))


def _apart(spans: Iterable[Span]) -> list[Span]:
    """The same parts of the text, those that overlap as one, which has the kind of the first."""
    apart: list[Span] = []
    for span in sorted(spans):
        if apart and span.start < apart[-1].end:
            apart[-1] = apart[-1]._replace(end=max(span.end, apart[-1].end))
        else:
            apart.append(span)
    return apart
