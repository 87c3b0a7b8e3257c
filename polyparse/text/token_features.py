"""Features of single tokens, for a linear tagger: what a word looks like, and which words stand around it; hashed.

    of the word         the word, its first and its last 1 to 4 characters, its shape, whether it has digits
    of what is around   the words at each of OFFSETS, and the pairs that the token makes with the word before and after it

Hashes are those of `polyparse.text.features`, and ids come from a `FeatureTable` likewise. An edge of the utterance stands
for the words that are missing there.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING
from zlib import crc32

from polyparse.text.addresses import spelling
from polyparse.text.features import BOUNDARY, pair_hash, word_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

OFFSETS = (-2, -1, 1, 2)
REACH = max(OFFSETS)
AFFIX_SIZES = (1, 2, 3, 4)
MAX_SHAPE_CHARACTERS = 8


def looks_of(word: str) -> list[int]:
    """Hashes of what a word by itself gives its token, each once; a class has neither affixes nor shape."""
    spelled = spelling(word)
    templates = [f"{kind}={affix}" for kind, affix in _affixes(spelled)]
    if spelled:
        templates.append(f"shape={_shape(spelled[:MAX_SHAPE_CHARACTERS])}")
    if any(map(str.isdigit, spelled)):
        templates.append(f"digits={'all' if spelled.isdigit() else 'some'}")
    return [word_hash(word), *map(_hash, templates)]


def surroundings_of(words: Sequence[int]) -> list[list[int]]:
    """For each token, hashes of what is around it, given the words' own hashes (`word_hash`)."""
    around = [*[BOUNDARY] * REACH, *words, *[BOUNDARY] * REACH]
    pairs = [pair_hash(left, right) for left, right in pairwise(around)]
    return [
        [
            *(pair_hash(salt, around[place + offset]) for offset, salt in _SALTS),
            pair_hash(_WITH_BEFORE, pairs[place - 1]),
            pair_hash(_WITH_AFTER, pairs[place]),
        ]
        for place in range(REACH, REACH + len(words))
    ]


def token_features(words: Sequence[str]) -> list[list[int]]:
    """Hashes of all features of each token: the slow twin of `Vectorizer.item`, and what a table is counted from."""
    surroundings = surroundings_of([word_hash(word) for word in words])
    return [looks_of(word) + around for word, around in zip(words, surroundings, strict=True)]


def _affixes(spelled: str) -> list[tuple[str, str]]:
    sizes = [size for size in AFFIX_SIZES if size <= len(spelled)]
    return [("prefix", spelled[:size]) for size in sizes] + [("suffix", spelled[-size:]) for size in sizes]


def _shape(spelled: str) -> str:
    """Digits as d, letters as x, all else as it is."""
    return "".join("d" if c.isdigit() else "x" if c.isalpha() else c for c in spelled)


def _hash(template: str) -> int:
    return crc32(template.encode("utf-8", "surrogatepass"))


_SALTS = tuple((offset, _hash(f"at {offset:+}")) for offset in OFFSETS)
_WITH_BEFORE, _WITH_AFTER = _hash("pair with the word before"), _hash("pair with the word after")
