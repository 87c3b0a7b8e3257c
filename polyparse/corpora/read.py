"""Corpora: annotated utterances on disk, read into examples by `read("FORMAT:PATH", partition=...)`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from polyparse.corpora.example import Example, TextSpan
from polyparse.corpora.readers import conll, massive, slots
from polyparse.corpora.readers.splits import NAMES, PartitionMissing
from polyparse.errors import ConfigError

__all__ = ["READERS", "TAGGED", "CorpusReader", "Example", "TextSpan", "read", "read_all", "translations"]


class CorpusReader(Protocol):
    """Reads one partition of a corpus; raises CorpusError, which names file, line, found and expected."""

    def __call__(self, path: Path, *, locales: Sequence[str] | None, partition: str) -> list[Example]:
        """The examples in the order of the files."""


READERS: Mapping[str, CorpusReader] = {"massive": massive.read, "slots": slots.read, "conll": conll.read}
TAGGED = frozenset({"slots", "conll"})
"""Formats with a tag for each token."""


def read(spec: str, *, locales: Sequence[str] | None = None, partition: str) -> list[Example]:
    """Examples of a partition (train, dev or test) from "FORMAT:PATH", with FORMAT a key of READERS.

    `locales`: which to read of a corpus that has several (None: all), or the one that a corpus is in.
    Locales asked for twice are read once. A corpus without dev has it cut from train, 9:1, always the same way.
    Raises ConfigError for a spec that is not one, CorpusError for a corpus that does not follow its format.
    """
    name, colon, path = spec.partition(":")
    if name not in READERS or not colon or not path:
        raise ConfigError(f"corpus: found {spec!r}, expected FORMAT:PATH, FORMAT one of {', '.join(READERS)}")
    try:
        expanded = Path(path).expanduser()
    except RuntimeError as error:
        raise ConfigError(f"corpus: found {spec!r}, expected ~ to be somebody's home: {error}") from error
    return READERS[name](expanded, locales=locales, partition=partition)


def read_all(spec: str, *, locales: Sequence[str] | None = None) -> dict[str, list[Example]]:
    """Partition -> its examples, of the partitions that the corpus has; raises as `read` does."""
    examples: dict[str, list[Example]] = {}
    for partition in NAMES:
        try:
            examples[partition] = read(spec, locales=locales, partition=partition)
        except PartitionMissing as error:
            missing = error
    if not examples:
        raise missing
    return examples


def translations(spec: str, locales: Sequence[str]) -> list[Example]:
    """Training examples in the corpus's other locales; raises as `read` does."""
    return [example for example in read(spec, partition="train") if example.locale not in locales]
