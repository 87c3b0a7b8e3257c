"""Code-switching: words become their translations, slots stay on them, draws depend on the seed alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyparse.corpora.augmentation.code_switching import CodeSwitching, Dictionaries, SwitchConfig
from polyparse.errors import ConfigError
from polyparse.text.tokens import tokenise
from tests.train.corpus import examples

CORPUS = [one for one in examples() if one.locale in {"en-US", "es-ES"}]
ENGLISH = {token.text for one in CORPUS if one.locale == "en-US" for token in tokenise(one.text)}
TRANSLATIONS = {word: (f"{word}ik", f"{word}iki") for word in ENGLISH}
OTHER = {"alarm": ("wecker",)}
DICTIONARIES: Dictionaries = {"en-US": [TRANSLATIONS, OTHER]}


def switching(words: float = 0.5) -> CodeSwitching:
    return CodeSwitching(DICTIONARIES, SwitchConfig(words=words))


@given(st.integers(0, 1000))
def test_each_token_is_itself_or_a_translation_and_slots_stay_on_the_same_ones(seed: int) -> None:
    for before, after in zip(CORPUS, switching().draw(CORPUS, seed), strict=True):
        old, new = tokenise(before.text), tokenise(after.text)
        assert len(old) == len(new)
        assert (before.intent, before.locale, before.id) == (after.intent, after.locale, after.id)
        for was, now in zip(old, new, strict=True):
            known = (*TRANSLATIONS.get(was.text, ()), *OTHER.get(was.text, ()))
            assert now.text == was.text or (before.locale == "en-US" and now.text in known)
        places = [
            [
                [i for i, one in enumerate(tokens) if span.start <= one.start < span.end]
                for span in example.slots
            ]
            for example, tokens in ((before, old), (after, new))
        ]
        assert places[0] == places[1]
        ends = {token.end for token in new}
        assert all(span.end in ends for span in after.slots)


def test_the_same_seed_draws_the_same_and_another_one_others() -> None:
    assert switching().draw(CORPUS, 1) == switching().draw(CORPUS, 1)
    assert switching().draw(CORPUS, 1) != switching().draw(CORPUS, 2)


def test_the_share_of_words_is_kept_and_all_languages_are_drawn() -> None:
    corpus = CORPUS * 40
    drawn = switching(1 / 3).draw(corpus, 1)
    pairs = [
        (was.text, now.text)
        for a, b in zip(corpus, drawn, strict=True)
        if a.locale == "en-US"
        for was, now in zip(tokenise(a.text), tokenise(b.text), strict=True)
    ]
    assert sum(was != now for was, now in pairs) / len(pairs) == pytest.approx(1 / 3, abs=0.05)
    assert "wecker" in {now for _, now in pairs}


def test_without_a_share_nothing_changes_and_tables_are_made_of_what_there_is() -> None:
    assert switching(0.0).draw(CORPUS, 1) == CORPUS
    assert switching(0.0).extended(CORPUS) == CORPUS
    extended = switching().extended(CORPUS)
    assert extended[: len(CORPUS)] == CORPUS
    assert all(one.locale == "en-US" for one in extended[len(CORPUS) :])


def test_a_share_out_of_bounds_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"words: found 1\.5"):
        SwitchConfig(words=1.5)
