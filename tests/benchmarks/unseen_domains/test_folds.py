"""Which domains are left out together."""

from __future__ import annotations

import pytest

from benchmarks.unseen_domains.folds import folds
from polyparse.corpora.example import Example
from polyparse.errors import ConfigError
from tests.train.corpus import examples

TEXTS = {
    "alarm": "wake me at six",
    "clock": "wake me when it is six",
    "food": "order two pizzas",
    "meals": "order pizzas with cheese",
    "music": "play jazz",
    "radio": "play jazz on fm",
}
PAIRS = [{"alarm", "clock"}, {"food", "meals"}, {"music", "radio"}]
CORPUS = [
    Example(str(number), text, "en-US", "train", domain, f"{domain}_any", ())
    for number, (domain, text) in enumerate(TEXTS.items())
]


@pytest.mark.parametrize("count", [2, 3, 4, 6])
def test_every_domain_is_left_out_once_and_groups_are_of_like_size(count: int) -> None:
    actual = folds(CORPUS, count)
    assert sorted(domain for group in actual for domain in group) == sorted(TEXTS)
    assert len(actual) == count
    assert max(map(len, actual)) - min(map(len, actual)) <= 1


@pytest.mark.parametrize("count", [2, 3])
def test_domains_that_speak_alike_are_in_different_groups(count: int) -> None:
    assert not any(pair <= set(group) for pair in PAIRS for group in folds(CORPUS, count))


def test_the_order_of_the_corpus_does_not_matter() -> None:
    assert folds(CORPUS, 3) == folds(CORPUS[::-1], 3)


@pytest.mark.parametrize("count", [0, 1, 4])
def test_a_count_that_leaves_too_little_is_refused(count: int) -> None:
    three_domains = list(examples("train"))
    with pytest.raises(ConfigError, match=f"folds: found {count} for 3 domains"):
        folds(three_domains, count)
