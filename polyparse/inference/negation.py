"""How likely a text says what not to do ("don't wake me up"): logistic regression over the words around those that negate.

    P(negated) = sigmoid(bias + sum of the weights of the text's distinct features)

Only a text that holds a cue ("not", "मत", "never mind") is looked at; any other scores 0. A word counts as itself and as its
kind: a verb as it asks for something ("apaga", "switch"), another form of such a verb ("apagues"), a particle ("to", "che"),
a cue, or any other word. The kinds in their order say most: whether a verb stands where the cue reaches it, or a request
beside it. What certain words around a cue mean ("don't forget to") is learnt of the words, and of their last letters. All
features are hashes of 32 bits; one without a weight counts nothing.

Axes: B utterances, W words with a kind, F features.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import exp
from typing import TYPE_CHECKING, Literal, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from polyparse.atomic import replacing
from polyparse.errors import ConfigError
from polyparse.inference.stored_arrays import read_rows
from polyparse.text.diacritics import without_accents
from polyparse.text.features import BOUNDARY, pair_hash
from polyparse.text.tokens import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from polyparse.text.vectorizer import Item

Hashes = NDArray[np.uint32]

READ_CUES = 4
"""So many cues of a text are read, the first ones: a bound on what a long text costs."""
READ_WORDS = 40
"""So many words of a text are read, for the same reason."""
NEAR = 3
"""Words so far from a cue have features of their place."""
REACH = 5
"""A verb so many words behind a cue, or nearer, is the one that it negates."""
STEM, SUFFIXES = 4, (2, 3)
"""Letters that forms of a verb have in common, and last ones that tell them apart."""
OTHER, CUE, VERB, FORM, PARTICLE = range(5)
"""Kinds of words."""
ARRAYS = {
    "words_W": np.uint32,
    "kinds_W": np.uint8,
    "hashes_F": np.uint32,
    "weights_F": np.float16,
    "bias_threshold": np.float32,
}


class ReadWords(NamedTuple):
    """The words of a text: their hashes, their kinds, and hashes of their endings, one for each of SUFFIXES."""

    forms: list[int]
    kinds: list[int]
    endings: list[tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class NegationScreen:
    """Says of an utterance that it is a negated request; a score above `threshold` does.

    `words_W` are hashes of words, as `polyparse.text.features.word_hash` makes them, and of stems, by `stem_hash`;
    `kinds_W` are their kinds, FORM for stems. `hashes_F` ascend.
    """

    words_W: Hashes
    kinds_W: NDArray[np.uint8]
    hashes_F: Hashes
    weights_F: NDArray[np.float16]
    bias: float
    threshold: float

    reason: Literal["domain"] = "domain"
    """What is asked not to be done is no task of any domain."""

    def scores(self, items: Sequence[Item]) -> list[float]:
        """P(negated) of each item, from 0 to 1, as float32 has it, which the threshold was chosen by."""
        return [self._score(item) for item in items]

    def _score(self, item: Item) -> float:
        if self._cues.isdisjoint([word.hash for word in item.words[:READ_WORDS]]):
            return 0.0
        features = features_of(words_of(item, self._kinds))
        weight = self._weights.get
        # In the order of the hashes: sums of floats depend on it.
        logit = self.bias + sum(weight(feature, 0.0) for feature in sorted(features))
        return float(np.float32(1.0 / (1.0 + exp(-max(-60.0, min(60.0, logit))))))

    def in_words(self) -> str:
        """When it refuses, for the card."""
        return f"refuses negated requests, above {self.threshold:.4f} by the negation screen"

    def save(self, path: Path) -> None:
        """Write as .npz, whole or not at all."""
        scalars = np.array([self.bias, self.threshold], dtype=np.float32)
        with replacing(path) as file:
            np.savez(
                file,
                words_W=self.words_W,
                kinds_W=self.kinds_W,
                hashes_F=self.hashes_F,
                weights_F=self.weights_F,
                bias_threshold=scalars,
            )

    @classmethod
    def load(cls, path: Path) -> NegationScreen:
        """Read what `save` wrote; raises ConfigError for anything else."""
        words_W, kinds_W, hashes_F, weights_F, scalars = read_rows(
            path, ARRAYS, expected="kinds of words, weights, bias and threshold"
        )
        if len(words_W) != len(kinds_W):
            raise ConfigError(
                f"{path}: found {len(words_W)} words and {len(kinds_W)} kinds, expected one each"
            )
        if len(hashes_F) != len(weights_F) or not (hashes_F[1:] > hashes_F[:-1]).all():
            raise ConfigError(
                f"{path}: found {len(hashes_F)} hashes and {len(weights_F)} weights, expected one each, ascending"
            )
        if len(scalars) != 2 or not np.isfinite(scalars).all() or not np.isfinite(weights_F).all():
            raise ConfigError(f"{path}: found weights that are no numbers, expected finite ones")
        bias, threshold = map(float, scalars)
        return cls(words_W, kinds_W, hashes_F, weights_F, bias, threshold)

    @cached_property
    def _kinds(self) -> dict[int, int]:
        return dict(zip(self.words_W.tolist(), self.kinds_W.tolist(), strict=True))

    @cached_property
    def _cues(self) -> frozenset[int]:
        """A small table, which stays in the processor's cache: nearly every text is only asked whether it has one."""
        return frozenset(word for word, kind in self._kinds.items() if kind == CUE)

    @cached_property
    def _weights(self) -> dict[int, float]:
        return dict(zip(self.hashes_F.tolist(), self.weights_F.tolist(), strict=True))


def words_of(item: Item, kinds: Mapping[int, int]) -> ReadWords:
    """The first READ_WORDS words of an item; `kinds` are by hash of a word or stem."""
    words = ReadWords([word.hash for word in item.words[:READ_WORDS]], [], [])
    for form, start, end in zip(words.forms, item.starts, item.ends, strict=False):
        text = normalise(item.utterance.text[start:end])
        kind = kinds.get(form)
        words.kinds.append(kinds.get(stem_hash(text), OTHER) if kind is None else kind)
        words.endings.append(tuple(crc32(_bytes(text[-size:])) for size in SUFFIXES))
    return words


def stem_hash(text: str) -> int:
    """Hash of what forms of a verb have in common: its first letters, without accents."""
    return crc32(b"stem " + _bytes(without_accents(text)[:STEM]))


def features_of(words: ReadWords) -> set[int]:
    """Hashes of the distinct features of a text; none without a cue."""
    places = [place for place, kind in enumerate(words.kinds) if kind == CUE][:READ_CUES]
    if not places:
        return set()
    features = set(_of_text(words)) | structure_of(words)
    for place in places:
        features.update(_of_words_near(words, place))
    return features


def structure_of(words: ReadWords) -> set[int]:
    """Those of the features that say what kinds of words stand around a cue, rather than which words."""
    places = [place for place, kind in enumerate(words.kinds) if kind == CUE][:READ_CUES]
    anchors = [(place, cue) for place in places for cue in (words.forms[place], words.endings[place][-1])]
    return {feature for place, cue in anchors for feature in _of_kinds(words, place, cue)}


_BEFORE, _AFTER, _ORDER, _VERB, _FIRST = (
    crc32(name) for name in (b"before", b"after", b"order", b"verb", b"first")
)
_LAST, _PAIR, _GAP, _SHAPE, _ENDING = (
    crc32(name) for name in (b"last", b"pair", b"gap", b"shape", b"ending")
)
_OFFSETS = {offset: crc32(b"offset %d" % offset) for offset in range(-NEAR, NEAR + 1) if offset}


def _of_text(words: ReadWords) -> Iterator[int]:
    """Words and pairs of them, the first and the last one, and the kinds in their order."""
    for left, right in zip([_FIRST, *words.forms], [*words.forms, _LAST], strict=True):
        yield left
        yield pair_hash(_PAIR, pair_hash(left, right))
    yield pair_hash(_LAST, words.forms[-1])
    yield _joined(_ORDER, _order(words.kinds))


def _of_words_near(words: ReadWords, place: int) -> Iterator[int]:
    """What is near a cue, alone and in pairs, with the endings of the next words; what is before and behind it anywhere."""
    cue = words.forms[place]
    padded = [BOUNDARY] * NEAR + words.forms + [BOUNDARY] * NEAR
    near = {offset: pair_hash(cue, padded[NEAR + place + offset]) for offset in _OFFSETS}
    for offset, name in _OFFSETS.items():
        yield pair_hash(name, near[offset])
    for left, right in ((-1, 1), (1, 2), (-2, -1)):
        yield pair_hash(_PAIR, pair_hash(near[left], near[right]))
    for offset in (-1, 1, 2):
        if 0 <= place + offset < len(words.forms):
            kind = words.kinds[place + offset]
            for ending in words.endings[place + offset]:
                yield _joined(_ENDING, (cue, offset & 7, ending))
                yield _joined(_ENDING, (cue, offset & 7, ending, kind))
    yield from _of_gap(words, place, cue)
    before, after = pair_hash(_BEFORE, cue), pair_hash(_AFTER, cue)
    yield from (pair_hash(before, form) for form in words.forms[:place])
    yield from (pair_hash(after, form) for form in words.forms[place + 1 :])


def _of_gap(words: ReadWords, place: int, cue: int) -> Iterator[int]:
    """What stands between a cue and the verb that it negates, the ending of that verb, and what stands before the cue."""
    reached = _reached(words.kinds, place)
    distance = REACH if reached is None else reached - place - 1
    for other in words.forms[max(0, place - 2) : place]:
        yield _joined(_BEFORE, (_GAP, other, distance))
    gap = words.forms[place + 1 : reached] if reached is not None else [REACH]
    yield _joined(_GAP, (cue, *gap))
    for form in gap:
        yield _joined(_GAP, (cue, _GAP, form))
        yield _joined(_GAP, (_GAP, form))
    if reached is not None:
        yield from (_joined(_GAP, (cue, distance, ending)) for ending in words.endings[reached])


def _reached(kinds: Sequence[int], place: int) -> int | None:
    """The place of the verb that a cue negates: the next one, within REACH words."""
    behind = range(place + 1, min(place + 1 + REACH, len(kinds)))
    return next((other for other in behind if kinds[other] in (VERB, FORM)), None)


def _of_kinds(words: ReadWords, place: int, cue: int) -> Iterator[int]:
    """The kinds around a cue in their order, how far it is to the verb that it negates, and what else asks for something.

    `cue` is the hash of the cue, or of its ending: all of n't are alike.
    """
    kinds = words.kinds
    before, after = _order(kinds[:place])[-3:], _order(kinds[place + 1 :])[:4]
    reached = _reached(kinds, place)
    besides = [other for other, kind in enumerate(kinds) if kind == VERB and other != reached]
    facts = (
        REACH if reached is None else reached - place - 1,
        OTHER if reached is None else kinds[reached],
        min(place, 2),
        any(other < place for other in besides),
        any(other > place for other in besides),
    )
    for size in range(1, len(after) + 1):
        yield _joined(_SHAPE, (cue, *after[:size]))
    for size in range(1, len(before) + 1):
        yield _joined(_SHAPE, (*before[-size:], cue, *after[:1]))
    yield _joined(_VERB, (cue, *facts))
    for index, fact in enumerate(facts):
        yield _joined(_VERB, (cue, index, fact))
        yield _joined(_VERB, (cue, index, fact, facts[0], facts[1]))


def _order(kinds: Sequence[int]) -> list[int]:
    """Kinds in their order, those of one kind in a row once."""
    return [kind for place, kind in enumerate(kinds) if not place or kind != kinds[place - 1]]


def _joined(name: int, parts: Iterable[int]) -> int:
    for part in parts:
        name = pair_hash(name, part)
    return name


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
