"""Misspelled words, looked up by the words that are meant.

A token that is a word of no list, one slip away from a word that the vocabulary has, is most likely that word; what is a
word of its own stays unknown. A slip is one character too many, too few or another one, or two neighbours exchanged
(Damerau 1964). Of several words the ones that a finger slips to on a keyboard come first (a key beside, one left out, one
doubled, two exchanged), then the one that training saw most often; short words are compared for the slips of a finger alone.

Words one slip apart have a string in common that is either of them, or one of them without a character. Hashes of all these
strings of the vocabulary are kept in order, so that a token is compared with a few words (Mor & Fraenkel 1982).

Axes: W words of lists, N words of the vocabulary of one length, L their length, K keys: strings that words have in common.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from polyparse.text.features import word_hash

if TYPE_CHECKING:
    from collections.abc import Iterable

    from polyparse.text.vocabulary import Vocabulary

Codes = NDArray[np.uint64]

SHORTEST, LONGEST = 4, 24
"""Characters of a word that is compared: shorter ones are one slip from too many, longer ones are hardly typed."""
SHORTEST_OTHERWISE = 6
"""Characters of a word that is compared for slips that no finger makes: among shorter ones these are words of their own."""
MOST = 64
"""So many words a token is compared with, those that training saw most often."""
ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that it has an inverse modulo 2^64
INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))


def is_compared(word: str) -> bool:
    """Whether a word of this length, of letters and their marks alone, can be misspelled or meant."""
    return SHORTEST <= len(word) <= LONGEST and (
        word.isalpha() or all(c.isalpha() or unicodedata.category(c).startswith("M") for c in word)
    )


class Spelling:
    """Finds what is meant under one vocabulary. Safe to share between threads."""

    def __init__(self, hashes_W: NDArray[np.uint32], vocabulary: Vocabulary) -> None:
        """`hashes_W`, ascending, are `polyparse.text.features.word_hash` of what is a word, known to the model or not."""
        self._listed_W = hashes_W
        self._vocabulary = vocabulary
        by_length: dict[int, list[int]] = {}
        for place, word in enumerate(vocabulary.words):
            if is_compared(word):
                by_length.setdefault(len(word), []).append(place)
        keys = [_keys(_codes(vocabulary.words[place] for place in places)) for places in by_length.values()]
        owners = [
            np.repeat(np.array(places, dtype=np.int32), length + 1) for length, places in by_length.items()
        ]
        keys_K = np.concatenate([each.ravel() for each in keys]) if keys else np.zeros(0, dtype=np.uint64)
        owners_K = np.concatenate(owners) if owners else np.zeros(0, dtype=np.int32)
        order_K = np.argsort(keys_K)
        self._keys_K, self._owners_K = keys_K[order_K], owners_K[order_K]

    def meant(self, word: str) -> str | None:
        """The word that is meant; None for one that the vocabulary has, that is a word of its own, or near to none."""
        if word in self._vocabulary.word_ids or not is_compared(word) or self._is_listed(word):
            return None
        keys_K = _keys(_codes([word])).ravel()
        firsts = self._keys_K.searchsorted(keys_K, side="left").tolist()
        ends = self._keys_K.searchsorted(keys_K, side="right").tolist()
        near = {
            place
            for first, end in zip(firsts, ends, strict=True)
            for place in self._owners_K[first:end].tolist()
        }
        other: str | None = None
        for place in sorted(near)[:MOST]:
            candidate: str = self._vocabulary.words[place]
            if slip := slip_of(word, candidate):
                return candidate
            if slip is False and other is None and len(word) >= SHORTEST_OTHERWISE:
                other = candidate
        return other

    def _is_listed(self, word: str) -> bool:
        hashed = np.uint32(word_hash(word))
        place = int(self._listed_W.searchsorted(hashed))
        return place < len(self._listed_W) and bool(self._listed_W[place] == hashed)


def slip_of(typed: str, meant: str) -> bool | None:
    """Whether a finger slips so on a keyboard; None for words that are equal, or more than one slip apart."""
    shorter, longer = sorted((typed, meant), key=len)
    start = _common(shorter, longer)
    end = _common(shorter[start:][::-1], longer[start:][::-1])
    left, right = shorter[start : len(shorter) - end], longer[start : len(longer) - end]
    if len(typed) == len(meant):
        if len(left) == 1:
            return _beside(left, right)
        return True if len(left) == 2 and left == right[::-1] else None
    if left or len(right) != 1:
        return None
    if len(typed) < len(meant):
        return True
    around = typed[max(0, start - 1) : start] + typed[start + 1 : start + 2]
    return any(right == other or _beside(right, other) for other in around)


def _common(one: str, other: str) -> int:
    """How many characters two words have in common at their start."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def _beside(one: str, other: str) -> bool:
    """Whether two characters are one key or keys beside each other; those of scripts whose keyboards differ are."""
    place, other_place = _place(one), _place(other)
    if place is None or other_place is None:
        return place is other_place
    return abs(place[0] - other_place[0]) <= 1 and abs(place[1] - other_place[1]) <= 1


def _place(character: str) -> tuple[int, int] | None:
    base = unicodedata.normalize("NFD", character)[0]
    return next(((row, keys.index(base)) for row, keys in enumerate(ROWS) if base in keys), None)


def _codes(words: Iterable[str]) -> Codes:
    """The code points of words of one length, shape (N, L)."""
    listed = list(words)
    flat = np.frombuffer("".join(listed).encode("utf-32-le"), dtype=np.uint32)
    return flat.reshape(len(listed), -1).astype(np.uint64)


def _keys(codes_NL: Codes) -> Codes:
    """Hashes of each word, and of it without each of its characters, shape (N, L + 1): polynomials modulo 2^64."""
    n_characters = codes_NL.shape[1]
    powers_L = np.cumprod(np.full(n_characters, BASE), dtype=np.uint64)
    sums_NL = np.cumsum(codes_NL * powers_L, axis=1, dtype=np.uint64)
    before_NL = sums_NL - codes_NL * powers_L
    behind_NL = (sums_NL[:, -1:] - sums_NL) * INVERSE
    return np.concatenate([sums_NL[:, -1:], before_NL + behind_NL], axis=1)
