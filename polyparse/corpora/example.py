"""An example: one utterance of a corpus with its true domain, intent and slots."""

from dataclasses import dataclass

from polyparse.contract.frame import Utterance


@dataclass(frozen=True, slots=True)
class TextSpan:
    """A named piece of the text; offsets are code points, start inclusive, end exclusive."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Example:
    """`domain` or `intent` is None where the corpus has none; `slots` stand in the order of the text.

    `partition` is train, dev or test. Parallel corpora give translations of one utterance the same `id`.
    """

    id: str
    text: str
    locale: str
    partition: str
    domain: str | None
    intent: str | None
    slots: tuple[TextSpan, ...]

    @property
    def utterance(self) -> Utterance:
        """The utterance to parse, without the labels."""
        return Utterance(self.text, self.locale)
