"""Words replaced by words with similar embeddings: unlabelled utterances for teachers (Jiao et al. 2020).

Axes: W words of one language, O other words, B words that are compared together, E word vector.

A new utterance may mean nothing, and the old labels may be wrong for it: its labels are a teacher's soft targets. These show
how the teacher generalises, which those for its own training utterances do not. A fifth of real utterances have a word that
training never saw, while teachers know all words that are drawn here: so some words are coined, from the front of one word
and the end of another, and some are words of the language that no training utterance has, which vectors from outside place.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from polyparse.bounds import POSITIVE, SHARE, check_bounds
from polyparse.corpora.augmentation.replaced_words import stands_alone, with_words
from polyparse.text.tokenised import TokenisedTexts
from polyparse.text.tokens import tokenise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from polyparse.corpora.example import Example

COMPARED_TOGETHER = 1024
LONG = 4  # letters of a word that may be coined


@dataclass(frozen=True, kw_only=True)
class SubstitutionConfig:
    """`words` is the share of words that are replaced: `random` of these by any word, the others by a near neighbour.

    `coined` is the share of long words that coined ones replace; half of those begin like the word itself. `outside` is the
    share of replaced words that near ones replace which no training utterance has.
    """

    words: float = 0.2
    random: float = 0.1
    neighbours: int = 10
    coined: float = 0.0
    outside: float = 0.0

    def __post_init__(self) -> None:
        check_bounds(self, words=SHARE, random=SHARE, neighbours=POSITIVE, coined=SHARE, outside=SHARE)


class Substitution:
    """Draws substitutes: words of the language by their frequency, nearest neighbours of a word, coined words."""

    def __init__(
        self,
        examples: Iterable[Example],
        word_ids: Mapping[str, int],
        vectors_VE: NDArray[np.float32],
        config: SubstitutionConfig,
        tokenised: TokenisedTexts | None = None,
        outside: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """`vectors_VE[word_ids[word]]` is what words are compared by; a word without an id has no neighbours.

        Texts that are `tokenised` are not cut again. `outside` has words by locale that none of the examples has.
        """
        self._config = config
        self._tokens_of = (tokenised or TokenisedTexts()).tokens
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for example in examples:
            counts[example.locale].update(token.text for token in self._tokens_of(example.text))
        for words in counts.values():
            for word in [word for word in words if len(tokenise(word)) != 1]:  # such as a part of "c'è"
                del words[word]
        self._words = {locale: list(words.elements()) for locale, words in counts.items()}
        self._long_words = {
            locale: [word for word in words if len(word) >= LONG] for locale, words in counts.items()
        }
        known = {locale: [word for word in words if word in word_ids] for locale, words in counts.items()}
        self._neighbours = {
            locale: _nearest(words, words, word_ids, vectors_VE, config.neighbours)
            for locale, words in known.items()
        }
        self._outside = {
            locale: _nearest(known.get(locale, []), words, word_ids, vectors_VE, config.neighbours)
            for locale, words in (outside or {}).items()
        }

    def draw(self, examples: Sequence[Example], seed: int) -> list[Example]:
        """The examples in their order, with words replaced and spans moved along; the same for the same seed."""
        random = Random(seed)
        return [self._replaced(example, random) for example in examples]

    def _replaced(self, example: Example, random: Random) -> Example:
        words = []
        for token in self._tokens_of(example.text):
            word = example.text[token.start : token.end]
            may_coin = self._config.coined > 0.0 and len(token.text) >= LONG
            coins = may_coin and random.random() < self._config.coined
            if (coins or random.random() < self._config.words) and stands_alone(example.text, token):
                substitute = self._coin if coins else self._choose
                word = substitute(example.locale, token.text, random) or word
            words.append((token, word))
        return with_words(example, words)

    def _choose(self, locale: str, word: str, random: Random) -> str | None:
        if random.random() < self._config.random:
            return random.choice(self._words[locale])
        of = self._neighbours[locale]
        if self._config.outside > 0.0 and random.random() < self._config.outside:
            of = self._outside.get(locale, of)
        neighbours = of.get(word)
        return random.choice(neighbours) if neighbours else None

    def _coin(self, locale: str, word: str, random: Random) -> str | None:
        """At least the front half of a long word, then at most the back half of another; None if that is not a word."""
        long_words = self._long_words[locale]
        if not long_words:
            return None
        front = word if random.random() < 0.5 else random.choice(long_words)
        back = random.choice(long_words)
        from_front = random.randint(-(-len(front) // 2), len(front) - 1)
        from_back = random.randint(1, len(back) // 2)
        coined = front[:from_front] + back[-from_back:]
        return coined if len(tokenise(coined)) == 1 else None


def _nearest(
    words: Sequence[str],
    others: Sequence[str],
    word_ids: Mapping[str, int],
    vectors_VE: NDArray[np.float32],
    count: int,
) -> dict[str, tuple[str, ...]]:
    """The `count` of the others with the largest cosine to each word, which is none of its own neighbours."""
    unit_WE, unit_OE = (_unit_vectors(some, word_ids, vectors_VE) for some in (words, others))
    places = {word: place for place, word in enumerate(others)}
    neighbours: dict[str, tuple[str, ...]] = {}
    count = min(count, len(others) - (not places.keys().isdisjoint(words)))
    for first in range(0, len(words) if count > 0 else 0, COMPARED_TOGETHER):
        cosines_BO = unit_WE[first : first + COMPARED_TOGETHER] @ unit_OE.T
        for word, cosines_O in zip(words[first:], cosines_BO, strict=False):
            if word in places:
                cosines_O[places[word]] = -np.inf
            best = np.argpartition(-cosines_O, count - 1)[:count]
            neighbours[word] = tuple(others[i] for i in sorted(best, key=lambda i: -cosines_O[i]))
    return neighbours


def _unit_vectors(
    words: Sequence[str], word_ids: Mapping[str, int], vectors_VE: NDArray[np.float32]
) -> NDArray[np.float32]:
    """unit_WE; a vector of zeros stays so."""
    vectors_WE = vectors_VE[[word_ids[word] for word in words]]
    lengths_W1 = np.maximum(np.linalg.norm(vectors_WE, axis=1, keepdims=True), 1e-6)
    return np.asarray(vectors_WE / lengths_W1, dtype=np.float32)
