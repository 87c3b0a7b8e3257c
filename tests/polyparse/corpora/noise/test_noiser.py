"""Noise in training: shares hold, order is kept, draws depend on the seed alone."""

from __future__ import annotations

from dataclasses import fields

import pytest

from polyparse.corpora.noise import NoiseConfig, Noiser, kinds_of
from polyparse.errors import ConfigError
from polyparse.text.vectorizer import Vectorizer
from tests.train.corpus import examples
from tests.train.tiny import SHORT, parts
from train.data.task import build_targets

MIXED = NoiseConfig(typo=0.3, diacritics=0.1, romanised=0.2, function_word=0.1, marks=0.1, code_mixing=0.2)


def test_the_config_names_every_kind() -> None:
    assert {field.name for field in fields(NoiseConfig)} == set(kinds_of([]))


def test_the_seed_decides_and_without_shares_nothing_changes() -> None:
    corpus = examples()
    noiser = Noiser(corpus, MIXED)
    assert noiser.draw(corpus, seed=1) == noiser.draw(corpus, seed=1)
    assert noiser.draw(corpus, seed=1) != noiser.draw(corpus, seed=2)
    assert Noiser(corpus, NoiseConfig()).draw(corpus, seed=1) == corpus
    assert MIXED.is_on
    assert not NoiseConfig().is_on


def test_one_comes_out_for_each_that_goes_in() -> None:
    corpus = examples()
    drawn = Noiser(corpus, MIXED).draw(corpus, seed=3)
    assert [(e.id, e.locale, e.intent) for e in drawn] == [(e.id, e.locale, e.intent) for e in corpus]


def test_a_corpus_is_extended_by_the_noisy_utterances_of_a_draw() -> None:
    corpus = examples()
    noiser = Noiser(corpus, MIXED)
    changed = [e for e, before in zip(noiser.draw(corpus, seed=3), corpus, strict=True) if e != before]
    assert changed
    assert noiser.extended(corpus, seed=3) == [*corpus, *changed]


def test_each_kind_gets_its_share() -> None:
    corpus = examples() * 50
    drawn = Noiser(corpus, NoiseConfig(typo=0.25, romanised=0.25)).draw(corpus, seed=3)
    pairs = list(zip(corpus, drawn, strict=True))
    changed = {
        locale: sum(before != after for before, after in pairs if before.locale == locale) / 500
        for locale in ("en-US", "hi-IN")
    }
    assert changed["en-US"] == pytest.approx(0.25, abs=0.06)
    assert changed["hi-IN"] == pytest.approx(0.5, abs=0.06)


def test_a_noisy_utterance_has_a_target_for_each_of_its_tokens() -> None:
    corpus = examples()
    task, tables = parts(SHORT, corpus)
    drawn = Noiser(corpus, MIXED).draw(corpus, seed=5)
    items, targets = build_targets(drawn, task.labels, Vectorizer(tables.vocabulary, tables.features))
    assert [item.n_tokens for item in items] == [len(target.tags_T) for target in targets]


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"typo": 1.0}, "typo: found 1.0"),
        ({"marks": -0.1}, "marks: found -0.1"),
        ({"typo": 0.6, "romanised": 0.6}, "add up to 1.2"),
    ],
)
def test_impossible_shares_are_refused(shares: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        NoiseConfig(**shares)
