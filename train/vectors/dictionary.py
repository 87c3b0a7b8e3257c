"""Dictionaries: pairs of words that translate each other, from a file, from identical strings, or induced from a corpus.

A file is that of MUSE: a line is a word and its translation, with a space or a tab between them. A word may have several.
"""

from __future__ import annotations

from collections import Counter
from itertools import product
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from polyparse.errors import ConfigError, CorpusError
from polyparse.text.forms import words_of
from polyparse.text.tokens import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from polyparse.corpora.example import Example
    from train.embeddings.word_space import WordSpace
    from train.vectors.maps import Pairs

    WordPairs = Sequence[tuple[str, str]]

LEAST_DICE = 0.3
LEAST_IDS = 3


def read_dictionary(path: Path) -> WordPairs:
    """The pairs of a file in its order, normalised, each once. Raises CorpusError for a damaged line and an empty file."""
    pairs: dict[tuple[str, str], None] = {}
    try:
        lines = path.read_bytes().removesuffix(b"\n").split(b"\n")
    except OSError as error:
        raise CorpusError(
            f"found no readable file ({error.strerror}), expected a dictionary", path=path
        ) from error
    if lines == [b""]:
        raise CorpusError("found an empty file, expected a pair of words in each line", path=path)
    for number, line in enumerate(lines, start=1):
        pairs[_pair(line, path, number)] = None
    return tuple(pairs)


def identical(source: WordSpace, target: WordSpace) -> WordPairs:
    """The words that both spaces have, as translations of themselves."""
    return tuple((word, word) for word in source.rows if word in target.rows)


def induced(examples: Iterable[Example], source_locale: str, target_locale: str) -> WordPairs:
    """Words that are each other's best by Dice's coefficient over the ids whose utterances contain them.

    Dice = 2 |ids of both| / (|ids of one| + |ids of the other|), over utterances that are translations and so share an id. A
    pair has Dice over LEAST_DICE and at least LEAST_IDS ids; a word whose best is not the only best one has none.
    """
    texts: tuple[dict[str, set[str]], ...] = ({}, {})
    for example in examples:
        for side, locale in enumerate((source_locale, target_locale)):
            if example.locale == locale:
                texts[side].setdefault(example.id, set()).update(words_of(example.text))
    shared = [(texts[0][each], texts[1][each]) for each in texts[0] if each in texts[1]]
    sources = Counter(word for words, _ in shared for word in words)
    targets = Counter(word for _, words in shared for word in words)
    together = Counter(pair for words, others in shared for pair in product(words, others))
    dice = {
        (word, other): 2 * count / (sources[word] + targets[other])
        for (word, other), count in together.items()
        if count >= LEAST_IDS
    }
    best_of_source, best_of_target = _only_best(dice, 0), _only_best(dice, 1)
    return tuple(
        sorted(
            (word, other)
            for (word, other), value in dice.items()
            if value > LEAST_DICE and best_of_source[word] == other and best_of_target[other] == word
        )
    )


def held_out(pairs: WordPairs, share: float) -> tuple[WordPairs, WordPairs]:
    """Pairs to learn from and pairs to judge by: all pairs of a source word are on one side. The draw is always the same.

    Raises:
        ConfigError: one of the sides would have no pair.
    """
    words = sorted({word for word, _ in pairs})
    held = set(Random("held-out words").sample(words, round(share * len(words))))
    if share and not 0 < len(held) < len(words):
        raise ConfigError(
            f"held out: found {len(held)} of {len(words)} source words, expected some, and others to learn from"
        )
    return (
        tuple(pair for pair in pairs if pair[0] not in held),
        tuple(pair for pair in pairs if pair[0] in held),
    )


def rows_of(pairs: WordPairs, source: WordSpace, target: WordSpace) -> Pairs:
    """Rows of the pairs whose words both spaces have, shape (N, 2)."""
    found = [
        (source.rows[word], target.rows[other])
        for word, other in pairs
        if word in source.rows and other in target.rows
    ]
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def _pair(line: bytes, path: Path, number: int) -> tuple[str, str]:
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"found a line that is not UTF-8 (byte {error.start + 1}), expected UTF-8", path=path, line=number
        ) from error
    fields = [normalise(field) for field in (text.split("\t") if "\t" in text else text.split())]
    if len(fields) != 2 or not all(fields):
        raise CorpusError(
            f"found {text[:40]!r}, expected a word and its translation, with a space or a tab between them",
            path=path,
            line=number,
        )
    return fields[0], fields[1]


def _only_best(dice: Mapping[tuple[str, str], float], side: int) -> dict[str, str | None]:
    """Word of a side -> its partner of the highest Dice; None where several are equally good."""
    highest: dict[str, float] = {}
    best: dict[str, str | None] = {}
    for pair, value in dice.items():
        word, other = pair[side], pair[1 - side]
        if value > highest.get(word, 0.0):
            highest[word], best[word] = value, other
        elif value == highest[word]:
            best[word] = None
    return best
