"""Values of slots from outside of a corpus: what `swap.outside` draws, and whether the packages for it are there."""

from __future__ import annotations

from collections import defaultdict
from importlib.util import find_spec
from typing import TYPE_CHECKING

from polyparse.contract.locales import language_of
from polyparse.corpora.augmentation.slot_swap import SlotSwap
from polyparse.corpora.noise.function_words import FUNCTION_WORDS
from polyparse.errors import ConfigError
from train.values.kinds import KINDS, RECOMBINED, SLOTS
from train.values.spoken_form import LANGUAGES, spoken_forms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

    from polyparse.corpora.augmentation.slot_swap import SwapConfig
    from polyparse.corpora.example import Example

    Values = Mapping[tuple[str, str], Sequence[str]]


def check_packages(config: SwapConfig, key: str) -> None:
    """Raise ConfigError where values from outside are asked for by the option `key` and a package for them is absent."""
    if not config.outside:
        return
    packages = dict.fromkeys(kind.package for kind in KINDS.values() if kind.package is not None)
    if absent := [name for name in packages if find_spec(name) is None]:
        raise ConfigError(
            f"{key}.outside: found {config.outside:g} without {', '.join(absent)}, expected what the extra `train`"
            " brings: pip install 'polyparse[train]'"
        )


def slot_swap(examples: Sequence[Example], config: SwapConfig) -> SlotSwap:
    """Swaps values of the examples' slots, for values from outside too if the config has a share of them."""
    return SlotSwap(examples, config, OutsideValues(examples) if config.outside else None)


class OutsideValues:
    """Draws a kind of value of the slot, then one of its values, each as often.

    Values are written as the corpus writes: `train.values.spoken_form`. A recombined value is made when it is drawn.
    """

    def __init__(self, examples: Sequence[Example]) -> None:
        """`examples` tell which locales there are, and which values there are to recombine."""
        self._pairs = _values_of_two_words(examples)
        locales = dict.fromkeys(example.locale for example in examples)
        drawn = {kind for kinds in SLOTS.values() for kind in kinds} - {RECOMBINED}
        self._values: Values = {
            (locale, kind): _of_kind(locale, kind) for locale in locales for kind in sorted(drawn)
        }

    def draw(self, locale: str, slot: str, random: Random) -> str | None:
        """A value of the slot in the language of the locale; None where it takes none, or there are none."""
        kinds = [kind for kind in SLOTS.get(slot, ()) if self._has(locale, slot, kind)]
        if not kinds:
            return None
        kind = random.choice(kinds)
        if kind != RECOMBINED:
            return random.choice(self._values[locale, kind])
        pairs = self._pairs[locale, slot]
        return f"{random.choice(pairs)[0]} {random.choice(pairs)[1]}"

    def _has(self, locale: str, slot: str, kind: str) -> bool:
        return bool(
            self._pairs.get((locale, slot)) if kind == RECOMBINED else self._values.get((locale, kind))
        )


def _of_kind(locale: str, kind: str) -> list[str]:
    language = language_of(locale)
    return spoken_forms(KINDS[kind].names(language), language) if language in LANGUAGES else []


def _values_of_two_words(examples: Sequence[Example]) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """(locale, slot) -> the distinct values that have two words, neither of them a function word."""
    pairs: defaultdict[tuple[str, str], dict[tuple[str, str], None]] = defaultdict(dict)
    for example in examples:
        for span in example.slots:
            words = example.text[span.start : span.end].lower().split()
            function_words = FUNCTION_WORDS.get(language_of(example.locale), frozenset())
            if len(words) == 2 and function_words.isdisjoint(words):
                pairs[example.locale, span.name][words[0], words[1]] = None
    return {key: list(distinct) for key, distinct in pairs.items()}
