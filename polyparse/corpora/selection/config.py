"""The data options of a run; their defaults take a corpus as it is: train is learnt from, and dev chooses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from polyparse.bounds import NOT_NEGATIVE, POSITIVE, check_bounds
from polyparse.errors import ConfigError

Size = int | float
"""A number of ids, or, as a fraction from 0 to 1, a share of them."""


@dataclass(frozen=True, kw_only=True)
class LocaleRoles:
    """Locales by what they are in a run. Both `source` and `target` are learnt from, those of `evaluation` choose.

    Without `source` and `target` all locales are sources, but for `UnlabelledConfig`'s; without `evaluation`, what is learnt
    from is chosen by.
    """

    source: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    evaluation: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if both := set(self.source) & set(self.target):
            raise ConfigError(
                f"locales: found {', '.join(sorted(both))} as source and as target, expected one role"
            )


@dataclass(frozen=True, kw_only=True)
class SubsetConfig:
    """The first ids of a ranking by hash, so that a larger subset has all of a smaller one.

    `size` is that of each locale (None: all of it), `sizes` has other ones by locale. Sizes count for each intent apart
    where `of_each_intent` is set. `seed` salts the hash.
    """

    size: Size | None = None
    sizes: Mapping[str, Size] = field(default_factory=dict)
    of_each_intent: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        check_bounds(self, seed=NOT_NEGATIVE)
        sizes = {"size": self.size, **{f"sizes.{locale}": size for locale, size in self.sizes.items()}}
        for name, size in sizes.items():
            _check_size(name, size)

    def of(self, locale: str) -> Size | None:
        """The size of a locale's subset; None for all of it."""
        return self.sizes.get(locale, self.size)


@dataclass(frozen=True, kw_only=True)
class UnlabelledConfig:
    """Locales whose texts are read without labels: of ids of train that no utterance that is learnt from or held out has.

    `size` is how many ids of each locale, all with None: the first ones of a ranking by hash, which `seed` salts.
    """

    locales: tuple[str, ...] = ()
    size: Size | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        check_bounds(self, seed=NOT_NEGATIVE)
        _check_size("size", self.size)


@dataclass(frozen=True, kw_only=True)
class WithheldConfig:
    """Labels whose utterances are left out of what the locales of a role have to learn; of the others they stay.

    To the `intents` and `slots` by name come as many drawn ones, by `seed`, among those that at least `fewest` and at most
    `most` training utterances of the role have, where translations count once.
    """

    role: Literal["source", "target"] = "source"
    intents: tuple[str, ...] = ()
    slots: tuple[str, ...] = ()
    drawn_intents: int = 0
    drawn_slots: int = 0
    fewest: int = 50
    most: int = 400
    seed: int = 0

    def __post_init__(self) -> None:
        check_bounds(
            self,
            drawn_intents=NOT_NEGATIVE,
            drawn_slots=NOT_NEGATIVE,
            fewest=POSITIVE,
            most=POSITIVE,
            seed=NOT_NEGATIVE,
        )
        if self.fewest > self.most:
            raise ConfigError(f"most: found {self.most}, expected at least fewest, which is {self.fewest}")


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Which utterances of its corpus a run learns from, and which ones choose the epoch, lambda and biases.

    `choose_on`: the corpus's dev, or `held`, a tenth of the ids of train, cut by their hash and not learnt: then dev can be
    the test of a study. Of what is left are taken, in this order, the `locales`, the `domains` and `intents` (all where none
    is named), a `subset`, and what is not `withheld`. Domains and intents hold for what chooses too. `unlabelled` texts are
    read besides.

    `inventory`: the run has the labels of what is `learnt`, or of `all` that is not withheld, so that a small subset has
    those that occur in the rest of the corpus alone.

    `projected`: locales whose translations of what is learnt are learnt too, with the labels of the utterance that they
    translate (`train.training.projection`); their own labels are not read.

    `contradictions`: where one text has several intents in a locale, each utterance counts as much as others (`keep`), or
    its intent by what the translations say (`weigh`, `polyparse.corpora.contradictions`), in what networks learn.
    """

    choose_on: Literal["dev", "held"] = "dev"
    locales: LocaleRoles = LocaleRoles()
    domains: tuple[str, ...] = ()
    intents: tuple[str, ...] = ()
    subset: SubsetConfig = field(default_factory=SubsetConfig)
    unlabelled: UnlabelledConfig = field(default_factory=UnlabelledConfig)
    withheld: WithheldConfig = WithheldConfig()
    projected: tuple[str, ...] = ()
    inventory: Literal["learnt", "all"] = "learnt"
    contradictions: Literal["keep", "weigh"] = "keep"


def _check_size(name: str, size: Size | None) -> None:
    if size is not None and not (size >= 1 if isinstance(size, int) else 0.0 < size <= 1.0):
        expected = "an integer from 1, which is a number of ids, or a share of them above 0.0 and up to 1.0"
        raise ConfigError(f"{name}: found {size}, expected {expected}")
