"""Words replaced by similar ones: spans stay on their words, neighbours are near, draws depend on the seed alone."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from polyparse.text import tokenise
from tests.train.corpus import examples
from train.substitution import Substitution, SubstitutionConfig

CORPUS = examples()
WORDS = sorted({token.text for example in CORPUS for token in tokenise(example.text)})
ROWS = {word: row for row, word in enumerate(WORDS)}
VECTORS = np.random.default_rng(4).normal(size=(len(WORDS), 5)).astype(np.float32)


def substitution(**config: float) -> Substitution:
    return Substitution(CORPUS, ROWS, VECTORS, SubstitutionConfig(**config))  # type: ignore[arg-type]


@given(st.integers(0, 1000))
def test_as_many_tokens_and_each_slot_on_the_same_ones(seed: int) -> None:
    for before, after in zip(CORPUS, substitution(words=0.6).draw(CORPUS, seed), strict=True):
        old, new = tokenise(before.text), tokenise(after.text)
        assert len(old) == len(new)
        assert (before.intent, before.locale, before.id) == (after.intent, after.locale, after.id)
        for span, moved in zip(before.slots, after.slots, strict=True):
            assert span.name == moved.name
            inside = [i for i, token in enumerate(old) if span.start <= token.start and token.end <= span.end]
            covered = [
                i for i, token in enumerate(new) if moved.start <= token.start and token.end <= moved.end
            ]
            assert inside == covered


def test_a_word_is_replaced_by_one_of_its_nearest_in_its_language() -> None:
    drawn = substitution(words=0.99, random=0.0, neighbours=2).draw(CORPUS, seed=1)
    unit = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
    known = {
        locale: {t.text for e in CORPUS if e.locale == locale for t in tokenise(e.text)}
        for locale in {e.locale for e in CORPUS}
    }
    replaced = 0
    for before, after in zip(CORPUS, drawn, strict=True):
        for old, new in zip(tokenise(before.text), tokenise(after.text), strict=True):
            if old.text == new.text:
                continue
            others = sorted(
                known[before.locale] - {old.text}, key=lambda w: -unit[ROWS[w]] @ unit[ROWS[old.text]]
            )
            assert new.text in others[:2]
            replaced += 1
    assert replaced


def test_the_seed_decides_and_a_share_of_zero_changes_nothing() -> None:
    some = substitution(words=0.5)
    assert some.draw(CORPUS, seed=1) == some.draw(CORPUS, seed=1)
    assert some.draw(CORPUS, seed=1) != some.draw(CORPUS, seed=2)
    assert substitution(words=0.0).draw(CORPUS, seed=1) == CORPUS
