"""A corpus as a stream: its lines one after the other, or one by its place, without having all of it in memory."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from polyparse.corpora.readers.lines import line_of, stream_lines
from polyparse.corpora.readers.massive import LabelCheck, example_of, files_of
from polyparse.errors import ConfigError, CorpusError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from polyparse.corpora.example import Example

FORMAT = "massive"
"""The format that is read so: an utterance is a line, and says its partition itself."""


@dataclass(frozen=True)
class CorpusFile:
    """A file of a corpus, with its locale; `size` in bytes tells whether it is still the one that was indexed."""

    path: str
    locale: str
    size: int


class LinePlace(NamedTuple):
    """Where the line of an example stands: the number of its file, its first byte and its length in bytes."""

    file: int
    offset: int
    size: int


def files_to_stream(spec: str, *, locales: Sequence[str] | None = None) -> tuple[CorpusFile, ...]:
    """The files of "massive:PATH", in the order of `polyparse.corpora.read.read`.

    Raises ConfigError for another format, CorpusError for a folder without these files or with two of one locale.
    """
    name, _, path = spec.partition(":")
    if name != FORMAT or not path:
        raise ConfigError(
            f"stream.on: found the corpus {spec!r}, expected {FORMAT}:PATH, an utterance a line"
        )
    folder = Path(path).expanduser()
    files: list[CorpusFile] = []
    for locale, paths in files_of(folder, locales).items():
        if len(paths) > 1:
            raise CorpusError(f"found {len(paths)} files of {locale}, expected one in a stream", path=folder)
        files.append(CorpusFile(str(paths[0]), locale, paths[0].stat().st_size))
    return tuple(files)


def stream(files: Sequence[CorpusFile]) -> Iterator[tuple[LinePlace, Example]]:
    """Every example of the files with its place, whatever its partition; raises CorpusError as reading does."""
    check = LabelCheck()
    for number, file in enumerate(files):
        for line, offset, size in stream_lines(Path(file.path)):
            example = example_of(line, file.locale)
            check.add(example)
            yield LinePlace(number, offset, size), example


def read_place(descriptor: int, file: CorpusFile, place: LinePlace) -> Example:
    """The example at a place of a file, which is open for reading; its origin has no line."""
    raw = os.pread(descriptor, place.size, place.offset)
    return example_of(line_of(Path(file.path), 1 if place.offset == 0 else 0, raw), file.locale)
