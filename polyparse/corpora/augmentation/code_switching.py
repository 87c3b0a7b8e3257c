"""Code-switching by dictionaries: "wake me domani" also trains what "wake me tomorrow" says (Qin et al. 2020, CoSDA-ML).

Words are replaced by translations, one by one, whatever stands beside them, so that words which translate each other are
learnt in the same contexts, and slots move along. A new draw every epoch, the same for the same seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from polyparse.bounds import SHARE, check_bounds
from polyparse.corpora.augmentation.replaced_words import stands_alone, with_words
from polyparse.text.tokenised import TokenisedTexts

if TYPE_CHECKING:
    from polyparse.corpora.example import Example

TABLE_DRAWS = 4

Dictionaries = Mapping[str, Sequence[Mapping[str, Sequence[str]]]]
"""Of each locale, for each other language a dictionary: a normalised word and its translations, each of which is a token."""


@dataclass(frozen=True, kw_only=True)
class SwitchConfig:
    """`words` is the share of words that are replaced, of those that have a translation; 0 for none.

    The languages are those of all locales that a run reads, with labels or without. `files` has dictionaries by a pair of
    locales ("en-US hi-IN"), a word and its translation in each line; without any, they are induced from the translations of
    what is learnt, whose labels are not read.
    """

    words: float = 0.0
    files: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        check_bounds(self, words=SHARE)

    @property
    def is_induced(self) -> bool:
        """Whether there is something to switch, and no file for it."""
        return self.words > 0.0 and not self.files


class CodeSwitching:
    """Draws a language for each word that is replaced, of those with a translation, then one of its translations."""

    def __init__(
        self, dictionaries: Dictionaries, config: SwitchConfig, tokenised: TokenisedTexts | None = None
    ) -> None:
        """Texts that are `tokenised` are not cut again."""
        self._dictionaries, self._config = dictionaries, config
        self._tokens_of = (tokenised or TokenisedTexts()).tokens

    def draw(self, examples: Sequence[Example], seed: int) -> list[Example]:
        """The examples in their order, some of their words switched."""
        random = Random(f"switch {seed}")  # apart from whatever else is drawn by this seed
        return [self._switched(one, random) for one in examples] if self._config.words else list(examples)

    def extended(self, examples: Sequence[Example]) -> list[Example]:
        """The examples, then those that some draws change: the text for tables, which are made once."""
        draws = [
            zip(examples, self.draw(examples, seed), strict=True)
            for seed in range(TABLE_DRAWS if self._config.words else 0)
        ]
        return [*examples, *(new for drawn in draws for old, new in drawn if new.text != old.text)]

    def _switched(self, example: Example, random: Random) -> Example:
        dictionaries, words = self._dictionaries.get(example.locale, ()), []
        for token in self._tokens_of(example.text):
            word = example.text[token.start : token.end]
            known = [dictionary[token.text] for dictionary in dictionaries if token.text in dictionary]
            if known and random.random() < self._config.words and stands_alone(example.text, token):
                word = random.choice(random.choice(known))
            words.append((token, word))
        return with_words(example, words)
