"""What checks look at and what they say: the examples of a corpus by partition, and findings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from polyparse.corpora.example import Example
from polyparse.text.tokens import normalise
from polyparse.visible import visible

QUOTED = 60
"""Characters of a text that a finding shows."""


class Finding(NamedTuple):
    """One thing to look at: where, and what it is."""

    place: str
    message: str

    def __str__(self) -> str:
        """In a line, with escapes for what the eye cannot see or cannot tell apart."""
        return visible(f"{self.place}: {self.message}")


class Label(NamedTuple):
    """A name that training learns; `kind` is domain, intent or slot."""

    kind: str
    name: str


@dataclass(frozen=True)
class Corpus:
    """Partition -> its examples; a partition that the corpus lacks is no key."""

    partitions: Mapping[str, Sequence[Example]]

    @property
    def train(self) -> Sequence[Example]:
        """The training examples; none where the corpus has no train."""
        return self.partitions.get("train", ())

    @property
    def held_out(self) -> Iterator[Example]:
        """The examples of dev and test."""
        return (example for example in self if example.partition != "train")

    def __iter__(self) -> Iterator[Example]:
        return (example for examples in self.partitions.values() for example in examples)

    @cached_property
    def by_text(self) -> Mapping[tuple[str, str], Sequence[Example]]:
        """(locale, normalised text) -> the examples that are this text to a model, train first."""
        texts: defaultdict[tuple[str, str], list[Example]] = defaultdict(list)
        for example in self:
            texts[example.locale, normalise(example.text)].append(example)
        return texts

    @cached_property
    def uses(self) -> Mapping[Label, Sequence[Example]]:
        """Label -> the training examples with it, once for each time that they have it."""
        uses: defaultdict[Label, list[Example]] = defaultdict(list)
        for example in self.train:
            for label in labels_of(example):
                uses[label].append(example)
        return uses

    def uses_of(self, kind: str) -> Mapping[str, Sequence[Example]]:
        """`uses` by name, of the labels of one kind."""
        return {label.name: examples for label, examples in self.uses.items() if label.kind == kind}


def labels_of(example: Example) -> list[Label]:
    """The domain, intent and slots of an example, slots as often as they occur."""
    single = (("domain", example.domain), ("intent", example.intent))
    labels = [Label(kind, name) for kind, name in single if name is not None]
    return [*labels, *(Label("slot", span.name) for span in example.slots)]


def quoted(text: str) -> str:
    """The beginning of a text, in quotes, with escapes for what the eye does not see."""
    return repr(text if len(text) <= QUOTED else f"{text[:QUOTED]}...")


def place_of(example: Example) -> str:
    """File and line of an example, or its id where it was not read from a file."""
    return example.origin.place if example.origin else f"utterance {example.id}"
