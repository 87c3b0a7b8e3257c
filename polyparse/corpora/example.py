"""An example: one utterance of a corpus with its true domain, intent and slots, and the line that it was read from."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from polyparse.contract.frame import Utterance


@dataclass(frozen=True, slots=True)
class TextSpan:
    """A named piece of the text; offsets are code points, start inclusive, end exclusive."""

    name: str
    start: int
    end: int


class Origin(NamedTuple):
    """Where an example stands; `remarks` say what the reader read otherwise than it is written. Lines start at 1."""

    path: Path
    line: int
    remarks: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """As error messages write it."""
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Example:
    """`domain` or `intent` is None where the corpus has none; `slots` stand in the order of the text.

    `partition` is train, dev or test. Parallel corpora give translations of one utterance the same `id`. `origin` is None
    where no file was read; it is no part of what an example says, so that equal examples may have different ones.
    `intent_weight` is how much its intent counts in training, as much as others' unless a run says so.
    """

    id: str
    text: str
    locale: str
    partition: str
    domain: str | None
    intent: str | None
    slots: tuple[TextSpan, ...]
    origin: Origin | None = field(default=None, compare=False, repr=False)
    intent_weight: float = 1.0

    @property
    def utterance(self) -> Utterance:
        """The utterance to parse, without the labels."""
        return Utterance(self.text, self.locale)
