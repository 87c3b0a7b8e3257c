"""Slot values swapped between utterances: spans stay true, values keep their slot, draws depend on the seed alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from polyparse.corpora.augmentation.slot_swap import SlotSwap, SwapConfig
from polyparse.text.vectorizer import Vectorizer
from tests.train.corpus import examples
from tests.train.tiny import SHORT, parts
from train.data.task import build_targets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.corpora.example import Example

ALWAYS = SwapConfig(utterances=0.99, slots=0.99, foreign=0.0)


def values(corpus: Sequence[Example], locale: str | None) -> set[tuple[str, str]]:
    return {
        (span.name, example.text[span.start : span.end])
        for example in corpus
        for span in example.slots
        if locale in (None, example.locale)
    }


@pytest.mark.parametrize("foreign", [0.0, 0.5])
def test_every_value_is_one_of_its_slot_and_of_its_language_unless_foreign_ones_are_wanted(
    foreign: float,
) -> None:
    corpus = examples()
    drawn = SlotSwap(corpus, replace(ALWAYS, foreign=foreign)).draw(corpus, seed=3)
    for example in drawn:
        assert values([example], None) <= values(corpus, None if foreign else example.locale)
    assert [e.text for e in drawn] != [e.text for e in corpus]


def test_the_words_around_the_slots_stay() -> None:
    corpus = examples()

    def around(example: Example) -> str:
        remaining, read = "", 0
        for span in sorted(example.slots, key=lambda span: span.start):
            remaining += example.text[read : span.start] + f"[{span.name}]"
            read = span.end
        return remaining + example.text[read:]

    drawn = SlotSwap(corpus, ALWAYS).draw(corpus, seed=3)
    assert [around(e) for e in drawn] == [around(e) for e in corpus]


def test_the_seed_decides_and_a_share_of_zero_changes_nothing() -> None:
    corpus = examples()
    swap = SlotSwap(corpus, ALWAYS)
    assert swap.draw(corpus, seed=1) == swap.draw(corpus, seed=1)
    assert swap.draw(corpus, seed=1) != swap.draw(corpus, seed=2)
    assert SlotSwap(corpus, SwapConfig()).draw(corpus, seed=1) == corpus


def test_a_swapped_utterance_has_a_target_for_each_of_its_tokens() -> None:
    corpus = examples()
    task, tables = parts(SHORT, corpus)
    drawn = SlotSwap(corpus, ALWAYS).draw(corpus, seed=5)
    items, targets = build_targets(drawn, task.labels, Vectorizer(tables.vocabulary, tables.features))
    assert [item.n_tokens for item in items] == [len(target.tags_T) for target in targets]
