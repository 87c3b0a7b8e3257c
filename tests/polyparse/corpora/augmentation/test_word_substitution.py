"""Words replaced by similar ones: spans stay on their words, neighbours are near, draws depend on the seed alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from polyparse.corpora.augmentation.word_substitution import Substitution, SubstitutionConfig
from polyparse.text.tokens import tokenise
from tests.train.corpus import examples

CORPUS = examples()
WORDS = sorted({token.text for example in CORPUS for token in tokenise(example.text)})
ROWS = {word: row for row, word in enumerate(WORDS)}
VECTORS = np.random.default_rng(4).normal(size=(len(WORDS), 5)).astype(np.float32)


def substitution(**config: float) -> Substitution:
    return Substitution(CORPUS, ROWS, VECTORS, SubstitutionConfig(**config))  # type: ignore[arg-type]


@given(st.integers(0, 1000))
def test_as_many_tokens_and_each_slot_on_the_same_ones(seed: int) -> None:
    some = substitution(words=0.6, coined=0.3)
    for before, after in zip(CORPUS, some.draw(CORPUS, seed), strict=True):
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


def test_words_that_no_utterance_has_take_the_place_of_near_ones_in_their_locale() -> None:
    new = {f"new{number}": len(WORDS) + number for number in range(20)}
    vectors = np.random.default_rng(5).normal(size=(len(WORDS) + 20, 5)).astype(np.float32)
    config = SubstitutionConfig(words=0.99, random=0.0, outside=0.5, neighbours=2)
    outside = {"en-US": [*new]}
    drawn = Substitution(CORPUS, {**ROWS, **new}, vectors, config, outside=outside).draw(CORPUS, seed=1)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    taken, kept = 0, 0
    for before, after in zip(CORPUS, drawn, strict=True):
        for old, other in zip(tokenise(before.text), tokenise(after.text), strict=True):
            if other.text not in new:
                kept += old.text != other.text
                continue
            assert before.locale == "en-US"
            nearest = sorted(new, key=lambda word: -unit[new[word]] @ unit[ROWS[old.text]])
            assert other.text in nearest[:2]
            taken += 1
    assert taken
    assert kept


def test_long_words_alone_give_way_to_coined_ones_of_the_front_and_the_end_of_words_of_their_language() -> (
    None
):
    drawn = substitution(words=0.0, coined=0.99).draw(CORPUS, seed=1)
    words = {
        locale: [t.text for e in CORPUS if e.locale == locale for t in tokenise(e.text) if len(t.text) >= 4]
        for locale in {e.locale for e in CORPUS}
    }
    unknown = fronts_kept = 0
    for before, after in zip(CORPUS, drawn, strict=True):
        for old, new in zip(tokenise(before.text), tokenise(after.text), strict=True):
            if old.text == new.text:
                continue
            assert len(old.text) >= 4
            local = words[before.locale]
            assert any(coined_of(new.text, at, local) for at in range(1, len(new.text))), (old.text, new.text)
            unknown += new.text not in ROWS
            fronts_kept += new.text.startswith(old.text[: -(-len(old.text) // 2)])
    assert unknown
    assert fronts_kept


def coined_of(word: str, at: int, words: list[str]) -> bool:
    """Whether the letters before `at` open one of the words, its front half or more, and those from there on end one."""
    front, back = word[:at], word[at:]
    return any(w.startswith(front) and len(w) / 2 <= at < len(w) for w in words) and any(
        w.endswith(back) and len(back) <= len(w) / 2 for w in words
    )


def test_a_language_without_long_words_keeps_its_words() -> None:
    short = [replace(example, text="a b", slots=()) for example in CORPUS]
    assert (
        Substitution(short, {}, VECTORS, SubstitutionConfig(words=0.0, coined=0.99)).draw(CORPUS, seed=1)
        == CORPUS
    )


def test_the_seed_decides_and_a_share_of_zero_changes_nothing() -> None:
    some = substitution(words=0.5, coined=0.1)
    assert some.draw(CORPUS, seed=1) == some.draw(CORPUS, seed=1)
    assert some.draw(CORPUS, seed=1) != some.draw(CORPUS, seed=2)
    assert substitution(words=0.0).draw(CORPUS, seed=1) == CORPUS
