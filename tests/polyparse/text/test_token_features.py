"""What a linear tagger sees of a token: its word, how that looks, and the words around it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given

from polyparse.contract.frame import Utterance
from polyparse.text.features import FeatureTable, word_hash
from polyparse.text.forms import form_of, words_of
from polyparse.text.token_features import looks_of, token_features
from polyparse.text.tokens import tokenise
from polyparse.text.vectorizer import NO_TOKEN_FEATURES, Item, Vectorizer, collate
from polyparse.text.vocabulary import Vocabulary
from tests.strategies import texts

KNOWN = "wake me at 7:30, играй музыку. pon la alarma d'oggi 東京 अलार्म बजे मुझे"


def vectorizer(*known: str) -> Vectorizer:
    """One that knows every other feature of the tokens of some texts."""
    words = [words_of(text) for text in known]
    hashes = sorted({h for each in words for features in token_features(each) for h in features})[::2]
    vocabulary = Vocabulary.build(word for each in words for word in each)
    return Vectorizer(vocabulary, None, FeatureTable(np.array(hashes, dtype=np.uint32)))


def item_of(text: str, of: Vectorizer) -> Item:
    return of.item(Utterance(text))


def same(one: str, other: str, place: int = 2) -> int:
    """How many features a token has in both utterances."""
    first, second = (token_features(text.split())[place] for text in (one, other))
    return len({*first} & {*second})


def test_a_word_looks_like_its_affixes_shape_and_digits() -> None:
    assert len(looks_of("alarm")) == 1 + 4 + 4 + 1
    assert len(looks_of("at")) == 1 + 2 + 2 + 1
    assert len(looks_of("7pm")) == 1 + 3 + 3 + 1 + 1
    assert looks_of("alarm")[0] == word_hash("alarm")


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("seventy", "seven", 4 + 0),
        ("rain", "main", 3 + 1),
        ("12", "34", 1 + 1),
        ("12", "3a", 0),
        ("7:30", "6:15", 1 + 1),
    ],
)
def test_words_share_what_they_have_in_common(one: str, other: str, shared: int) -> None:
    assert len({*looks_of(one)} & {*looks_of(other)}) == shared


def test_a_class_looks_like_nothing_but_itself() -> None:
    assert looks_of("<mail>") == [word_hash("<mail>")]


@pytest.mark.parametrize(
    ("changed", "lost"),
    [
        ("a b X d e f g", 10 + 2 - 8 + 0),
        ("a X c d e f g", 2),
        ("X b c d e f g", 1),
        ("a b c X e f g", 2),
        ("a b c d X f g", 1),
        ("a b c d e X g", 0),
        ("b a c d e f g", 3),
    ],
)
def test_a_token_sees_two_words_on_each_side_and_a_pair_on_each(changed: str, lost: int) -> None:
    """Of a word of one letter: itself, one prefix, one suffix, its shape; four words around it, two pairs."""
    whole = "a b c d e f g"
    total = same(whole, whole)
    assert total == 4 + 4 + 2
    if changed == "a b X d e f g":
        assert same(whole, changed) == 1 + 4  # its shape, and the words around it
    else:
        assert same(whole, changed) == total - lost


def test_edges_are_words_of_their_own() -> None:
    first, last = token_features(["me", "me", "me", "me", "me"])[::4]
    middle = token_features(["me"] * 5)[2]
    assert len({*first} & {*middle}) == len({*last} & {*middle}) == len(middle) - 3
    assert {*first} != {*last}


@given(texts)
@example("")
@example("seven seven seven")
@example("write to ana@example.com")
@example(KNOWN)
def test_the_features_of_an_items_tokens_are_those_looked_up_one_by_one(text: str) -> None:
    by = vectorizer(KNOWN, text[: len(text) // 2])
    ids = by._token_feature_ids
    assert ids is not None
    expected = token_features([form_of(token.text, by.vocabulary) for token in tokenise(text)])
    actual = item_of(text, by).token_features
    assert [[*each] for each in actual] == [[ids[f] for f in each if f in ids] for each in expected]


def test_a_batch_pads_tokens_and_features_with_zeros() -> None:
    by = vectorizer(KNOWN)
    items = [item_of(text, by) for text in ("wake me at", "alarma", "unheard of")]
    features_BTL = collate(items).token_features_BTL
    longest = max(len(each) for item in items for each in item.token_features)
    assert (features_BTL.shape, str(features_BTL.dtype)) == ((3, 3, longest), "int64")
    for item, features_TL in zip(items, features_BTL.tolist(), strict=True):
        padded = [[*each, *[0] * (longest - len(each))] for each in item.token_features]
        assert features_TL == [*padded, *[[0] * longest] * (3 - len(padded))]


def test_a_model_without_a_table_has_no_features_of_tokens() -> None:
    item = item_of("seven", Vectorizer(Vocabulary(("seven",), "s"), None))
    assert item.token_features == ()
    assert collate([item]).token_features_BTL is NO_TOKEN_FEATURES


def test_a_model_whose_table_is_empty_has_tokens_without_features() -> None:
    item = item_of("wake me", Vectorizer(Vocabulary((), ""), None, FeatureTable(np.array([], np.uint32))))
    assert item.token_features == [(), ()]
    assert collate([item]).token_features_BTL.tolist() == [[[0], [0]]]
