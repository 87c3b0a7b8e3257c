"""Slot-filling corpora of one utterance a line: `token:tag token:tag <=> intent`."""

import re
from collections.abc import Sequence
from pathlib import Path

from polyparse.corpora.example import Example
from polyparse.corpora.readers.lines import Line, read_lines
from polyparse.corpora.readers.splits import partition_files, take
from polyparse.corpora.readers.tagged import Sentence, checked_tag, examples_of, only_locale

_ARROW = " <=> "
_BLANKS = re.compile(r"[ \t]")
_TWO_TOKENS = re.compile(r"\S:(?:O|[BIESLU]-\S+)\s")
"""With a blank of another kind between them, such as one that forbids a line break."""


def read(path: Path, *, locales: Sequence[str] | None, partition: str) -> list[Example]:
    """The partition from a folder with files train, dev or valid, test, or from one such file.

    The format has no domains, so `domain` is None, whatever prefix an intent bears. Names stay as the corpus
    writes them, `__` for `/` or `:` included. The id is the line number.
    """
    locale = only_locale(locales, path)
    files = partition_files(path, lambda name: path / name)
    return take(partition, files, lambda name: _read_file(files[name], locale, name), path=path)


def _read_file(path: Path, locale: str, partition: str) -> list[Example]:
    sentences = [_sentence(line) for line in read_lines(path) if line.text.strip()]
    return examples_of(sentences, locale, partition)


def _sentence(line: Line) -> Sentence:
    body, _, intent = line.text.rpartition(_ARROW)
    if not body.strip() or not intent.strip():
        raise line.error(f"found {line.text[:40]!r}, expected 'token:tag token:tag{_ARROW}intent'")
    line.check_name("intent", intent)
    tokens, tags = [], []
    for pair in filter(None, _BLANKS.split(body)):
        token, _, tag = pair.rpartition(":")
        if not token or _TWO_TOKENS.search(token):
            raise line.error(f"found {pair!r}, expected token:tag")
        tokens.append(token)
        tags.append(checked_tag(tag, line))
    return Sentence(line, tokens, tags, intent.strip())
