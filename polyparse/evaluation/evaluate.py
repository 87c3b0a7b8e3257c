"""A corpus through a pipeline: frames of many items, and the measures of design section 5 over them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Protocol

from polyparse.evaluation.score import Counts, report, score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.contract.frame import Frame
    from polyparse.corpora.example import Example
    from polyparse.inference.pipeline import Outcome
    from polyparse.text.vectorizer import Item

PARSED_TOGETHER = 128


class Runs(Protocol):
    """A pipeline, a parser, or whatever else gives frames of a batch."""

    def run(self, items: Sequence[Item], /) -> Outcome:
        """Frames in the items' order."""


def parse_all(pipeline: Runs, items: Sequence[Item], *, together: int = PARSED_TOGETHER) -> list[Frame]:
    """Frames of many items in their order, parsed in batches of like lengths."""
    order = sorted(range(len(items)), key=lambda i: items[i].n_tokens)
    frames: dict[int, Frame] = {}
    for first in range(0, len(order), together):
        rows = order[first : first + together]
        frames.update(zip(rows, pipeline.run([items[i] for i in rows]).frames, strict=True))
    return [frames[i] for i in range(len(items))]


def measure(examples: Sequence[Example], frames: Sequence[Frame]) -> dict[str, Any]:
    """{"locales": {locale: measures}, "mean": measures}, as fractions."""
    counts: defaultdict[str, Counts] = defaultdict(Counts)
    for example, frame in zip(examples, frames, strict=True):
        counts[example.locale] += score(example, frame)
    return report(counts)
