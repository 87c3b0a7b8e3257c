"""The runtime alone: polyparse.runtime's parser without HTTP, batcher or thread, on the utterances that the service gets."""

from collections.abc import Sequence
from statistics import median
from time import perf_counter
from typing import TypeVar

from polyparse.contract.frame import Utterance
from polyparse.inference.parser import Parser

RowT = TypeVar("RowT")


class Alone:
    """A parser and utterances; what is timed is `prepare` and `run`. The first pass of each kind is not timed."""

    def __init__(self, parser: Parser, utterances: Sequence[Utterance], *, batch: int) -> None:
        """Full batches of `batch` utterances (the last has the rest), sorted by their number of tokens."""
        self._parser = parser
        self._utterances = utterances
        by_length = sorted(utterances, key=lambda utterance: parser.prepare(utterance).n_tokens)
        self._batches = cut(by_length, batch)
        self.per_s()
        self.p50_ms(len(utterances))

    def per_s(self) -> float:
        """Utterances a second in batches, over one pass."""
        return rate(self._parser, self._batches)

    def p50_ms(self, n: int) -> float:
        """Median time of one utterance, over the first `n`."""
        actual = []
        for utterance in self._utterances[:n]:
            started_s = perf_counter()
            self._parser.run([self._parser.prepare(utterance)])
            actual.append(perf_counter() - started_s)
        return 1e3 * median(actual)


def cut(rows: Sequence[RowT], size: int) -> list[Sequence[RowT]]:
    """Batches of so many rows in their order; the last has the rest."""
    return [rows[first : first + size] for first in range(0, len(rows), size)]


def rate(parser: Parser, batches: Sequence[Sequence[Utterance]]) -> float:
    """Utterances a second, text to frame, over one pass."""
    started_s = perf_counter()
    for batch in batches:
        parser.run([parser.prepare(utterance) for utterance in batch])
    return sum(map(len, batches)) / (perf_counter() - started_s)
