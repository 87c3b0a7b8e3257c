"""A training corpus on disk: an index of where its utterances stand, and the items and targets that they are made into.

The index has an ENTRY for each training utterance that can be learnt, in the order of the corpus. Like the corpus, it is
read at places and never mapped, so that neither shows in the memory of the process.
"""

from __future__ import annotations

import os
import weakref
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import IO, TYPE_CHECKING, TypeVar, overload

import numpy as np

from polyparse.corpora.checks.slots import learnable
from polyparse.corpora.example import Example
from polyparse.corpora.stream import CorpusFile, LinePlace, read_place, stream
from polyparse.text.tokens import tokenise
from polyparse.text.vectorizer import Item
from train.data.task import Target, Task, gold_target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from polyparse.contract.labels import Labels
    from polyparse.text.vectorizer import Vectorizer

T_co = TypeVar("T_co", covariant=True)

ENTRY = np.dtype([("offset", "<u8"), ("size", "<u4"), ("tokens", "<u4"), ("file", "<u4")])
REMEMBERED = 1024
"""Utterances that are kept as items: those of a batch, whose items are asked for first and then their targets."""


@dataclass
class Indexing:
    """Passing through a corpus and writing its index: training utterances come out, those of dev are kept."""

    files: Sequence[CorpusFile]
    dev: list[Example] = field(default_factory=list)
    indexed: int = 0
    left_out: int = 0

    def write(self, index: IO[bytes]) -> Iterator[Example]:
        """Each training utterance that has tokens, and slots that can be learnt, once its entry is written."""
        for place, example in stream(self.files):
            if example.partition == "dev":
                self.dev.append(example)
            if example.partition != "train":
                continue
            n_tokens = len(tokenise(example.text))
            if not n_tokens or not learnable([example]):
                self.left_out += 1
                continue
            entry = np.array((place.offset, place.size, n_tokens, place.file), dtype=ENTRY)
            index.write(entry.tobytes())
            self.indexed += 1
            yield example


class OnDisk(ABC, Sequence[T_co]):
    """A sequence whose members are made when they are asked for; the last ones are remembered."""

    def __init__(self) -> None:
        self._remembered = lru_cache(REMEMBERED)(self.read)

    @abstractmethod
    def read(self, position: int) -> T_co:
        """Make the member at a position."""

    @overload
    def __getitem__(self, position: int) -> T_co: ...

    @overload
    def __getitem__(self, position: slice) -> list[T_co]: ...

    def __getitem__(self, position: int | slice) -> T_co | list[T_co]:
        places = range(len(self))[position]
        return self._remembered(places) if isinstance(places, int) else list(map(self._remembered, places))


class StreamedCorpus(OnDisk[Example]):
    """The training utterances of an index, which has to be there when the first one is asked for, and not before."""

    def __init__(self, files: tuple[CorpusFile, ...], index_file: Path) -> None:
        super().__init__()
        self.files, self.index_file = files, index_file

    def __len__(self) -> int:
        return self._size

    def read(self, position: int) -> Example:
        """The utterance, read from its line."""
        offset, size, _, file = self.entries(position, position + 1)[0].item()
        return read_place(self._descriptors[file], self.files[file], LinePlace(file, offset, size))

    def entries(self, first: int, end: int) -> NDArray[np.void]:
        """Entries of the index."""
        raw = os.pread(self._descriptors[-1], (end - first) * ENTRY.itemsize, first * ENTRY.itemsize)
        return np.frombuffer(raw, dtype=ENTRY)

    @cached_property
    def _size(self) -> int:
        return self.index_file.stat().st_size // ENTRY.itemsize

    @cached_property
    def _descriptors(self) -> list[int]:
        """Of the files, and of the index; open as long as this corpus lives."""
        paths = [*(file.path for file in self.files), str(self.index_file)]
        descriptors = [os.open(path, os.O_RDONLY) for path in paths]
        for descriptor in descriptors:
            weakref.finalize(self, os.close, descriptor)
        return descriptors


class StreamedLengths:
    """How many tokens the utterances of an index have."""

    def __init__(self, corpus: StreamedCorpus) -> None:
        self._corpus = corpus

    def __len__(self) -> int:
        return len(self._corpus)

    def __getitem__(self, positions: slice, /) -> NDArray[np.int64]:
        first, end, _ = positions.indices(len(self))
        lengths_N: NDArray[np.int64] = self._corpus.entries(first, end)["tokens"].astype(np.int64)
        return lengths_N


class StreamedItems(OnDisk[Item]):
    """The items of a corpus on disk."""

    def __init__(self, corpus: StreamedCorpus, vectorizer: Vectorizer) -> None:
        super().__init__()
        self.corpus, self._vectorizer = corpus, vectorizer
        self.lengths = StreamedLengths(corpus)

    def __len__(self) -> int:
        return len(self.corpus)

    def read(self, position: int) -> Item:
        """The item of the utterance."""
        return self._vectorizer.item(self.corpus[position].utterance)


class StreamedTargets(OnDisk[Target]):
    """The targets of items on disk."""

    def __init__(self, items: StreamedItems, labels: Labels) -> None:
        super().__init__()
        self._items, self._labels = items, labels

    def __len__(self) -> int:
        return len(self._items)

    def read(self, position: int) -> Target:
        """The true target of the utterance."""
        return gold_target(self._items[position], self._items.corpus[position], self._labels)


class StreamedClasses(OnDisk[int]):
    """The classes of a classifier over intents or domains that utterances on disk have."""

    def __init__(self, corpus: StreamedCorpus, labels: Labels, *, over_domains: bool) -> None:
        super().__init__()
        self._corpus, self._intents = corpus, labels.intent_ids
        self._owners = labels.intent_domains if over_domains else range(len(labels.intents))
        self.n_classes = len(labels.domains if over_domains else labels.intents)

    def __len__(self) -> int:
        return len(self._corpus)

    def read(self, position: int) -> int:
        """The class of the utterance."""
        return self._owners[self._intents[self._corpus[position].intent or ""]]


def streamed_task(
    corpus: StreamedCorpus, dev: Sequence[Example], labels: Labels, vectorizer: Vectorizer
) -> Task:
    """What a run learns from a corpus on disk."""
    items = StreamedItems(corpus, vectorizer)
    dev = [example for example in dev if tokenise(example.text)]
    dev_items = [vectorizer.item(example.utterance) for example in dev]
    return Task(labels, items, StreamedTargets(items, labels), dev, dev_items)
