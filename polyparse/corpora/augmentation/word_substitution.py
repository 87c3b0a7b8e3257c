"""Words replaced by words that a network takes for similar: unlabelled utterances for a teacher (Jiao et al. 2020).

Axes: W words of one language, E word vector.

The new utterance need not mean anything, and the old labels need not hold: only a teacher can say what it makes of it. What
it says there shows how it generalises, which the utterances that it was trained on no longer do. A fifth of real utterances
have a word that training never saw, while every other word here is one that the teachers know: so some are coined, from the
front of one word and the end of another.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from polyparse.bounds import POSITIVE, SHARE, check_bounds
from polyparse.corpora.example import TextSpan
from polyparse.text.tokens import tokenise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from polyparse.corpora.example import Example
    from polyparse.text.tokens import Token

COMPARED_TOGETHER = 1024
LONG = 4  # letters


@dataclass(frozen=True, kw_only=True)
class SubstitutionConfig:
    """Shares: of words that are replaced, of those that are by any word of the language; `neighbours` to choose from.

    `coined` is the share of long words that coined ones replace; half of those begin like the word itself.
    """

    words: float = 0.2
    random: float = 0.1
    neighbours: int = 10
    coined: float = 0.0

    def __post_init__(self) -> None:
        check_bounds(self, words=SHARE, random=SHARE, neighbours=POSITIVE, coined=SHARE)


class Substitution:
    """The words of each language, how often each occurs, and the nearest of each."""

    def __init__(
        self,
        examples: Iterable[Example],
        word_rows: Mapping[str, int],
        vectors_VE: NDArray[np.float32],
        config: SubstitutionConfig,
    ) -> None:
        """`vectors_VE[word_rows[word]]` is what words are compared by; a word without a row has no neighbours."""
        self._config = config
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for example in examples:
            counts[example.locale].update(token.text for token in tokenise(example.text))
        for found in counts.values():
            for word in [word for word in found if len(tokenise(word)) != 1]:  # such as a part of "c'è"
                del found[word]
        self._words = {locale: list(found.elements()) for locale, found in counts.items()}
        self._long = {
            locale: [word for word in found if len(word) >= LONG] for locale, found in counts.items()
        }
        self._near = {
            locale: _nearest(
                [word for word in found if word in word_rows], word_rows, vectors_VE, config.neighbours
            )
            for locale, found in counts.items()
        }

    def draw(self, examples: Sequence[Example], seed: int) -> list[Example]:
        """The examples in their order, with words replaced and spans moved along; the same for the same seed."""
        random = Random(seed)
        return [self._replaced(example, random) for example in examples]

    def _replaced(self, example: Example, random: Random) -> Example:
        text, read = "", 0
        moved: list[tuple[int, int]] = []  # (end of a token before, end of it after)
        for token in tokenise(example.text):
            word = example.text[token.start : token.end]
            may_coin = self._config.coined > 0.0 and len(token.text) >= LONG
            coins = may_coin and random.random() < self._config.coined
            if (coins or random.random() < self._config.words) and _stands_alone(example.text, token):
                instead = self._coin if coins else self._choose
                word = instead(example.locale, token.text, random) or word
            text += example.text[read : token.start] + word
            read = token.end
            moved.append((token.end, len(text)))
        shift = _Shift(moved)
        spans = tuple(TextSpan(s.name, shift(s.start), shift(s.end)) for s in example.slots)
        return replace(example, text=text + example.text[read:], slots=spans)

    def _choose(self, locale: str, word: str, random: Random) -> str | None:
        if random.random() < self._config.random:
            return random.choice(self._words[locale])
        near = self._near[locale].get(word)
        return random.choice(near) if near else None

    def _coin(self, locale: str, word: str, random: Random) -> str | None:
        """At least the front half of a long word, then at most the back half of another; None if that is not a word."""
        long = self._long[locale]
        if not long:
            return None
        front = word if random.random() < 0.5 else random.choice(long)
        back = random.choice(long)
        kept, added = random.randint(-(-len(front) // 2), len(front) - 1), random.randint(1, len(back) // 2)
        coined = front[:kept] + back[-added:]
        return coined if len(tokenise(coined)) == 1 else None


def _stands_alone(text: str, token: Token) -> bool:
    """Whether white space is on both sides, so that another word can take the place without growing into its neighbours."""
    return not (text[: token.start][-1:].strip() or text[token.end :][:1].strip())


class _Shift:
    """Where a place of the old text is in the new one: as far from the end of the last token before it as it was."""

    def __init__(self, moved: Sequence[tuple[int, int]]) -> None:
        self._ends = [before for before, _ in moved]
        self._by = [after - before for before, after in moved]

    def __call__(self, place: int) -> int:
        """Of the start or the end of a token."""
        at = bisect_right(self._ends, place)
        return place + (self._by[at - 1] if at else 0)


def _nearest(
    words: Sequence[str], rows: Mapping[str, int], vectors_VE: NDArray[np.float32], count: int
) -> dict[str, tuple[str, ...]]:
    """The `count` words of largest cosine for each word, itself apart."""
    vectors_WE = vectors_VE[[rows[word] for word in words]]
    unit_WE = vectors_WE / np.maximum(np.linalg.norm(vectors_WE, axis=1, keepdims=True), 1e-6)
    near: dict[str, tuple[str, ...]] = {}
    count = min(count, len(words) - 1)
    for first in range(0, len(words) if count > 0 else 0, COMPARED_TOGETHER):
        cosines = unit_WE[first : first + COMPARED_TOGETHER] @ unit_WE.T
        for offset, row in enumerate(cosines):
            row[first + offset] = -np.inf
            best = np.argpartition(-row, count - 1)[:count]
            near[words[first + offset]] = tuple(words[i] for i in sorted(best, key=lambda i: -row[i]))
    return near
