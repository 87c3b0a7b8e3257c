"""What an assistant of few utterances is made of: intents, utterances of each to learn from, and others to be judged on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from polyparse.corpora.example import Example
from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

N_INTENTS = 8
SIZES = (5, 10, 20, 40, 80)
"""Utterances of each intent to learn from."""
N_JUDGED = 500
TRIES = 10_000


@dataclass(frozen=True)
class Draw:
    """Intents that a seed has drawn; `learnt` has each one's utterances in the order in which they are learnt from."""

    seed: int
    intents: tuple[str, ...]
    learnt: tuple[tuple[Example, ...], ...]
    judged: tuple[Example, ...]

    def train(self, size: int) -> list[Example]:
        """The first so many utterances of each intent: what is learnt from more has what is learnt from less."""
        return [example for of_intent in self.learnt for example in of_intent[:size]]


def draw(
    seed: int,
    train: Sequence[Example],
    dev: Sequence[Example],
    *,
    n_judged: int = N_JUDGED,
    excluded: Collection[str] = (),
) -> Draw:
    """Draw intents, again until dev has `n_judged` utterances of them, and utterances, each without replacement.

    Raises:
        ConfigError: the corpus has too few utterances for any draw.
    """
    random = Random(seed)  # noqa: S311 - not cryptography
    in_train, in_dev = (Counter(example.intent or "" for example in part) for part in (train, dev))
    eligible = sorted(name for name in set(in_train) - {"", *excluded} if in_train[name] >= max(SIZES))
    for _ in range(TRIES if len(eligible) >= N_INTENTS else 0):
        intents = tuple(sorted(random.sample(eligible, N_INTENTS)))
        if sum(in_dev[name] for name in intents) >= n_judged:
            break
    else:
        raise ConfigError(
            f"found no {N_INTENTS} of {len(eligible)} intents with {n_judged} utterances in dev, expected a larger corpus"
        )
    learnt = []
    for name in intents:
        of_intent = [example for example in train if example.intent == name]
        learnt.append(tuple(random.sample(of_intent, max(SIZES))))
    others = [example for example in dev if example.intent in intents]
    return Draw(seed, intents, tuple(learnt), tuple(random.sample(others, n_judged)))
