"""CoNLL named entities: one token a line, word first and tag last, a blank line after each sentence.

Lines that start with "#" before a sentence are comments, as CoNLL-U has them, unless they are a word "#..." with its tag.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from polyparse.corpora.example import Example
from polyparse.corpora.readers.lines import Line, read_lines
from polyparse.corpora.readers.splits import partition_files, take
from polyparse.corpora.readers.tagged import Sentence, checked_tag, examples_of, only_locale

_DOCUMENT = "-DOCSTART-"
_KEY_AND_VALUE = re.compile(r"#\s*[\w:.-]+\s*=")
_WORD_AND_TAG = re.compile(r"#.*\s(O|[BIESLU]-\S+)\s*")
_PART = re.compile(r"\d+[-.]\d+")  # CoNLL-U's numbers of contractions and of words left out


def read(path: Path, *, locales: Sequence[str] | None, partition: str) -> list[Example]:
    """The partition from PATH.train, PATH.testa (dev), PATH.testb (test), or from one such file.

    UTF-8 or Latin-1. The corpus has neither domains nor intents. The id is the line number of the first word.
    """
    locale = only_locale(locales, path)
    files = partition_files(path, lambda name: Path(f"{path}.{name}"))
    return take(partition, files, lambda name: _read_file(files[name], locale, name), path=path)


def _read_file(path: Path, locale: str, partition: str) -> list[Example]:
    tables = list(_tables(read_lines(path, latin_1=True)))
    _refuse_numbered(tables)
    return examples_of([_sentence(table) for table in tables], locale, partition)


def _tables(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """The lines of each sentence."""
    table: list[Line] = []
    for line in lines:
        if line.text.strip() and not line.text.startswith(_DOCUMENT):
            if table or not _is_comment(line.text):
                table.append(line)
        elif table:
            yield table
            table = []
    if table:
        yield table


def _is_comment(text: str) -> bool:
    return text.startswith("#") and bool(_KEY_AND_VALUE.match(text) or not _WORD_AND_TAG.fullmatch(text))


def _refuse_numbered(tables: Sequence[Sequence[Line]]) -> None:
    """Raise CorpusError where the first column of all sentences counts their words."""
    firsts = [[line.text.split()[0] for line in table] for table in tables]
    numbers = [[first for first in column if not _PART.fullmatch(first)] for column in firsts]
    if max(map(len, firsts), default=0) < 2 or not all(map(_counts, numbers)):
        return
    line = tables[0][0]
    columns = len(line.text.split("\t") if "\t" in line.text else line.text.split())
    raise line.error(
        f"found the number {firsts[0][0]!r} in the first of {columns} columns, as in CoNLL-U, expected the word first"
        " and its tag last: keep these two, by `cut -f2,N` where N is the column of the tag"
    )


def _counts(column: Sequence[str]) -> bool:
    """Whether the column is 1, 2, 3, ... or 0, 1, 2, ..."""
    return any(column == [str(start + index) for index in range(len(column))] for start in (0, 1))


def _sentence(table: Sequence[Line]) -> Sentence:
    tokens, tags = [], []
    for line in table:
        columns = line.text.split()
        first, tab, _ = line.text.rstrip().partition("\t")
        if tab and len(first.split()) > 1:
            raise line.error(f"found {first!r} before the first tab, expected one word")
        if len(columns) < 2:
            raise line.error(f"found {line.text!r}, expected a word and its tag")
        tokens.append(columns[0])
        tags.append(checked_tag(columns[-1], line))
    return Sentence(table[0], tokens, tags)
