"""Noise in training: a new draw every epoch, the same for the same seed."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import asdict, dataclass
from itertools import accumulate, chain
from random import Random
from typing import TYPE_CHECKING

from polyparse.bounds import SHARE, check_bounds
from polyparse.corpora.noise.kinds import kinds_of
from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.corpora.example import Example


@dataclass(frozen=True, kw_only=True)
class NoiseConfig:
    """For each kind, the share of utterances that get it; an utterance that its kind cannot change stays as it is.

    An utterance gets one kind at most, so the shares add up to 1 or less. `romanised`, `respelled` and `marks` change Hindi
    alone: their shares are shares of the Hindi utterances.
    """

    typo: float = 0.0
    diacritics: float = 0.0
    upper_case: float = 0.0
    romanised: float = 0.0
    function_word: float = 0.0
    marks: float = 0.0
    code_mixing: float = 0.0
    filler: float = 0.0
    respelled: float = 0.0

    def __post_init__(self) -> None:
        shares = asdict(self)
        check_bounds(self, **dict.fromkeys(shares, SHARE))
        if (total := sum(shares.values())) > 1.0 + 1e-9:
            raise ConfigError(f"noise: found shares that add up to {total:g}, expected 1 at most")

    @property
    def is_on(self) -> bool:
        """Whether any utterance is to change."""
        return any(asdict(self).values())


TABLE_DRAWS = 2


class Noiser:
    """The kinds of noise, with the values of a training corpus to mix in."""

    def __init__(self, examples: Sequence[Example], config: NoiseConfig) -> None:
        kinds, shares = kinds_of(examples), asdict(config)
        self._kinds = [kinds[name] for name in shares]
        self._bounds = list(accumulate(shares.values()))

    def draw(self, examples: Sequence[Example], seed: int) -> list[Example]:
        """The examples in their order, some of them noisy, their slots moved along."""
        random = Random(f"noise {seed}")  # apart from whatever else is drawn by this seed
        return [self._with_noise(example, random) for example in examples]

    def extended(self, examples: Sequence[Example], seed: int) -> list[Example]:
        """The examples, then the noisy ones of a draw: the text for a vocabulary or a classifier, which are made once."""
        drawn = zip(examples, self.draw(examples, seed), strict=True)
        return [*examples, *(noisy for example, noisy in drawn if noisy is not example)]

    def _with_noise(self, example: Example, random: Random) -> Example:
        kind = bisect_right(self._bounds, random.random())
        if kind == len(self._kinds):
            return example
        return self._kinds[kind](example, random) or example


def with_romanised(examples: Sequence[Example], config: NoiseConfig) -> list[Example]:
    """The examples, then those that `TABLE_DRAWS` draws romanised, which are other words.

    Whatever is made once of training text (vocabulary, features, MaxEnt, n-grams) is made of these.
    """
    noiser = Noiser(examples, NoiseConfig(romanised=config.romanised))
    draws = (noiser.extended(examples, seed)[len(examples) :] for seed in range(TABLE_DRAWS))
    return [*examples, *chain.from_iterable(draws)]
