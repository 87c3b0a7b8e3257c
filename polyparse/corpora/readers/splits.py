"""Partitions of a corpus: which files hold them, and how dev is split from train where a corpus has no dev."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from polyparse.corpora.example import Example
from polyparse.errors import CorpusError


class PartitionMissing(CorpusError):  # noqa: N818 - named after its cause, as every error is
    """The corpus is in order, but lacks this partition; for those who read whatever there is."""


# partition -> the names its file may bear
NAMES = {"train": ("train",), "dev": ("dev", "valid", "testa"), "test": ("test", "testb")}


def take(
    partition: str, available: Collection[str], load: Callable[[str], list[Example]], *, path: Path
) -> list[Example]:
    """The examples of `partition`: as the corpus divides them, or split 9:1 from train where it has no dev."""
    if partition not in NAMES:
        raise CorpusError(f"found partition {partition!r}, expected one of {', '.join(NAMES)}", path=path)
    if partition != "test" and "dev" not in available and "train" in available:
        return divide(load("train"), partition, path=path)
    if partition not in available:
        present = ", ".join(available) or "none"
        raise PartitionMissing(
            f"found these partitions: {present}; expected {partition} among them", path=path
        )
    return load(partition)


def divide(examples: Sequence[Example], partition: str, *, path: Path) -> list[Example]:
    """The dev tenth of the examples, or the rest, which is train; ids with the lowest hashes are dev.

    So the split depends neither on order nor on locale, and hardly moves when the corpus grows.
    """
    ranked = sorted({example.id for example in examples}, key=lambda key: sha256(key.encode()).digest())
    if len(ranked) < 2:
        raise CorpusError(f"found {len(ranked)} utterance, expected 2 or more to cut dev from", path=path)
    dev = set(ranked[: max(1, len(ranked) // 10)])
    return [
        replace(example, partition=partition)
        for example in examples
        if (example.id in dev) == (partition == "dev")
    ]


def partition_files(path: Path, place: Callable[[str], Path]) -> dict[str, Path]:
    """Partition -> file: `path` itself if it is a file, else those of `place(name)` that exist.

    A single file is the partition that a part of its name tells ("esp.testa" is dev), else train.
    """
    if path.is_file():
        parts = path.name.split(".")
        return {next((key for key, names in NAMES.items() if set(names) & set(parts)), "train"): path}
    files = {
        key: file
        for key, names in NAMES.items()
        for file in [next((place(name) for name in names if place(name).is_file()), None)]
        if file
    }
    if not files:
        names = ", ".join(str(place(name)) for names in NAMES.values() for name in names)
        raise CorpusError(f"found no file, expected this one, or some of {names}", path=path)
    return files
