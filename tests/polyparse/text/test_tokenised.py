"""Texts that are cut once give what texts give that are cut anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from polyparse.contract.frame import Utterance
from polyparse.text.forms import words_of
from polyparse.text.tokenised import TokenisedTexts
from polyparse.text.tokens import tokenise
from polyparse.text.vectorizer import Vectorizer
from polyparse.text.vocabulary import Vocabulary
from tests.strategies import texts
from train.models.maxent import build_table
from train.models.token_crf import build_token_table

if TYPE_CHECKING:
    from polyparse.text.features import FeatureTable


def tables(corpus: list[str]) -> tuple[Vocabulary, FeatureTable, FeatureTable]:
    words = [words_of(text) for text in corpus]
    vocabulary = Vocabulary.build(word for sentence in words for word in sentence)
    return vocabulary, build_table(words, min_count=1), build_token_table(words, min_count=1)


@given(st.lists(texts, min_size=1, max_size=4), texts)
def test_items_of_texts_that_were_cut_are_those_of_the_texts(corpus: list[str], other: str) -> None:
    tokenised = TokenisedTexts(corpus)
    plain = Vectorizer(*tables(corpus))
    prepared = Vectorizer(*tables(corpus), tokenised=tokenised)
    for text in (*corpus, other):
        expected, actual = (each.item(Utterance(text)) for each in (plain, prepared))
        assert (actual.starts, actual.ends) == (expected.starts, expected.ends)
        assert [(w.id, w.characters, w.hash) for w in actual.words] == [
            (w.id, w.characters, w.hash) for w in expected.words
        ]
        assert actual.features == expected.features
        assert actual.token_features == expected.token_features
        assert list(tokenised.tokens(text)) == tokenise(text)
        assert tokenised.words(text) == words_of(text)


def test_only_what_was_added_is_kept() -> None:
    tokenised = TokenisedTexts(["turn it off"])
    tokenised.tokens("turn it on")
    assert tokenised.find("turn it on") is None
    assert tokenised.find("turn it off") is tokenised.tokens("turn it off")
