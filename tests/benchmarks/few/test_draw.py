"""What is drawn: intents that have enough to be judged by, nested utterances, and none that is both learnt and judged."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.few.draw import N_INTENTS, SIZES, draw
from polyparse.corpora.example import Example
from polyparse.errors import ConfigError


def part(partition: str, sizes: dict[str, int]) -> list[Example]:
    return [
        Example(f"{partition}-{intent}-{n}", f"{intent} {n}", "en-US", partition, None, intent, ())
        for intent, size in sizes.items()
        for n in range(size)
    ]


RARE = {"rare": 79}
TRAIN = part("train", {**{f"intent{n}": 90 for n in range(12)}, **RARE})
DEV = part("dev", {**{f"intent{n}": n for n in range(12)}, **RARE})


def test_the_same_seed_draws_the_same_and_another_one_something_else() -> None:
    first, again, other = (draw(seed, TRAIN, DEV, n_judged=50) for seed in (0, 0, 1))
    assert first == again
    assert first.intents != other.intents or first.learnt != other.learnt


def test_intents_are_frequent_enough_and_all_judged_are_of_them() -> None:
    for seed in range(5):
        drawn = draw(seed, TRAIN, DEV, n_judged=50)
        assert len(set(drawn.intents)) == N_INTENTS
        assert "rare" not in drawn.intents
        assert len({example.id for example in drawn.judged}) == 50
        assert {example.intent for example in drawn.judged} <= set(drawn.intents)
        assert {example.partition for example in drawn.judged} == {"dev"}


def test_what_is_learnt_from_more_has_what_is_learnt_from_less() -> None:
    drawn = draw(3, TRAIN, DEV, n_judged=50)
    smaller: set[str] = set()
    for size in SIZES:
        train = drawn.train(size)
        assert Counter(example.intent for example in train) == dict.fromkeys(drawn.intents, size)
        assert smaller < {example.id for example in train}
        smaller = {example.id for example in train}


def test_excluded_intents_are_in_no_draw() -> None:
    excluded = {"intent0", "intent11"}
    assert all(
        excluded.isdisjoint(draw(seed, TRAIN, DEV, n_judged=40, excluded=excluded).intents)
        for seed in range(5)
    )


def test_a_corpus_that_is_too_small_is_refused() -> None:
    with pytest.raises(ConfigError, match="found no 8 of 12 intents with 500 utterances in dev"):
        draw(0, TRAIN, DEV)
    with pytest.raises(ConfigError, match="found no 8 of 1 intents"):
        draw(0, TRAIN[:100], DEV, n_judged=1)
