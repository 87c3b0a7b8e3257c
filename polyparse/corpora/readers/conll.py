"""CoNLL named entities: one token a line, word first and tag last, a blank line after each sentence."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from polyparse.corpora.example import Example
from polyparse.corpora.readers.lines import Line, read_lines
from polyparse.corpora.readers.splits import partition_files, take
from polyparse.corpora.readers.tagged import checked_tag, join, only_locale

_DOCUMENT = "-DOCSTART-"


def read(path: Path, *, locales: Sequence[str] | None, partition: str) -> list[Example]:
    """The partition from PATH.train, PATH.testa (dev), PATH.testb (test), or from one such file.

    UTF-8 or Latin-1. The corpus has neither domains nor intents. The id is the line number of the first word.
    """
    locale = only_locale(locales, path)
    files = partition_files(path, lambda name: Path(f"{path}.{name}"))
    return take(partition, files, lambda name: _read_file(files[name], locale, name), path=path)


def _read_file(path: Path, locale: str, partition: str) -> list[Example]:
    lines = read_lines(path, latin_1=True)
    return [_example(sentence, locale, partition) for sentence in _sentences(lines)]


def _sentences(lines: Sequence[Line]) -> Iterator[list[Line]]:
    sentence: list[Line] = []
    for line in lines:
        if line.text.strip() and not line.text.startswith(_DOCUMENT):
            sentence.append(line)
        elif sentence:
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _example(sentence: Sequence[Line], locale: str, partition: str) -> Example:
    tokens, tags = [], []
    for line in sentence:
        columns = line.text.split()
        if len(columns) < 2:
            raise line.error(f"found {line.text!r}, expected a word and its tag")
        tokens.append(columns[0])
        tags.append(checked_tag(columns[-1], line))
    text, slots = join(tokens, tags)
    return Example(str(sentence[0].number), text, locale, partition, None, None, slots)
