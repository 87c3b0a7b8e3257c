"""Text to arrays: each item is what its words say one by one, in whatever company, cache or thread it was made."""

from __future__ import annotations

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from polyparse.contract.frame import Utterance
from polyparse.text.addresses import spelling
from polyparse.text.features import MAX_WORD_CHARACTERS, FeatureTable, utterance_features, word_hash
from polyparse.text.forms import form_of, words_of
from polyparse.text.tokens import tokenise
from polyparse.text.vectorizer import Batch, Item, Vectorizer, collate
from polyparse.text.vocabulary import PADDING, UNKNOWN, Vocabulary
from polyparse.text.word_cache import LONGEST
from polyparse.text.words import CHARACTER, Word
from tests.networks import vectorizer_of
from tests.strategies import texts, utterances

KNOWN = "wake me at seven, играй музыку. pon la alarma d'oggi 東京 अलार्म बजे 7:30 मुझे"


WARM = vectorizer_of(KNOWN)


def item_of(text: str, vectorizer: Vectorizer = WARM) -> Item:
    return vectorizer.item(Utterance(text))


def characters_of_word(word: Word) -> list[int]:
    """The ids of its characters."""
    return [int(character) for character in np.frombuffer(word.characters, CHARACTER)]


def as_lists(item: Item) -> tuple[object, ...]:
    """Everything that a model reads of an item."""
    words = [(word.id, characters_of_word(word), word.feature_ids, word.hash) for word in item.words]
    return item.starts, item.ends, words, item.features


@given(texts)
@example("")
@example("  ")
@example("nothing known here")
@example("e-mail ana@example.com, musica a las 7:30")
@example(KNOWN)
def test_an_item_is_its_tokens_looked_up_one_by_one(text: str) -> None:
    vectorizer = vectorizer_of(KNOWN, text[: len(text) // 2])
    item = item_of(text, vectorizer)
    tokens = tokenise(text)
    assert list(zip(item.starts, item.ends, strict=True)) == [(start, end) for _, start, end in tokens]
    assert item.n_tokens == len(tokens)
    vocabulary = vectorizer.vocabulary
    for word, token in zip(item.words, tokens, strict=True):
        form = form_of(token.text, vocabulary)
        assert word.id == vocabulary.word_ids.get(form, UNKNOWN)
        assert characters_of_word(word) == [
            vocabulary.character_ids.get(character, UNKNOWN)
            for character in spelling(form)[:MAX_WORD_CHARACTERS]
        ]


@given(texts)
@example("seven seven seven")
@example(KNOWN)
def test_the_features_of_an_item_are_those_of_its_utterance_looked_up_one_by_one(text: str) -> None:
    vectorizer = vectorizer_of(KNOWN, text[: len(text) // 2])
    features = utterance_features([form_of(token.text, vectorizer.vocabulary) for token in tokenise(text)])
    ids = vectorizer._feature_ids
    assert sorted(item_of(text, vectorizer).features) == sorted(ids[f] for f in features if f in ids)


class TestAddresses:
    """What networks read of an address is that it is one, and nothing of how it is spelled."""

    MAILS = ("write to ana@example.com", "write to ANA.PEREZ+news@mail.example.co.uk", "write to x_9@y.org")

    def test_of_mail_are_alike(self) -> None:
        vectorizer = vectorizer_of("write to jo@example.com")
        read = [as_lists(item_of(text, vectorizer))[2:] for text in self.MAILS]
        assert read == read[:1] * 3

    def test_have_an_id_and_a_feature_of_their_own_and_no_characters(self) -> None:
        vocabulary = Vocabulary.build(words_of("write to jo@example.com or www.example.com"))
        features = FeatureTable(np.array([word_hash("<mail>"), word_hash("<web>")], dtype=np.uint32))
        mail, web = Vectorizer(vocabulary, features).item(Utterance("ana@mail.org example.com/x")).words
        assert [mail.id, web.id] == [vocabulary.word_ids["<mail>"], vocabulary.word_ids["<web>"]]
        assert [mail.feature_ids, web.feature_ids] == [(1,), (2,)]
        assert [mail.characters, web.characters] == [b"", b""]

    def test_are_spelled_to_a_model_that_knows_no_class(self) -> None:
        word = item_of("ana@example.com").words[0]
        assert word.id == UNKNOWN
        assert word.hash == word_hash("ana@example.com")
        assert len(characters_of_word(word)) == len("ana@example.com")

    def test_keep_their_place(self) -> None:
        item = item_of("write to <mailto:ana@example.com|ana@example.com>!", vectorizer_of("jo@example.com"))
        assert [item.utterance.text[s:e] for s, e in zip(item.starts, item.ends, strict=True)] == [
            *("write", "to", "ana@example.com")
        ]


def test_a_model_without_a_feature_table_has_no_features() -> None:
    item = Vectorizer(Vocabulary(("seven",), "s"), None).item(Utterance("seven"))
    assert (item.features, [word.id for word in item.words]) == ([], [2])


def collate_slowly(items: list[Item]) -> tuple[list[list[tuple[int, list[int]]]], list[list[int]]]:
    """The slow twin: (word id, its characters) of each token, and features; padded with zeros to the longest."""
    n_tokens = max(len(item.words) for item in items)
    n_characters = max(len(characters_of_word(word)) for item in items for word in item.words)
    n_features = max(1, *(len(item.features) for item in items))
    tokens = []
    for item in items:
        row = []
        for t in range(n_tokens):
            word = item.words[t] if t < len(item.words) else None
            characters = characters_of_word(word) if word else []
            row.append((word.id if word else PADDING, characters + [0] * (n_characters - len(characters))))
        tokens.append(row)
    return tokens, [item.features + [0] * (n_features - len(item.features)) for item in items]


def unfold(batch: Batch) -> tuple[list[list[tuple[int, list[int]]]], list[list[int]]]:
    """A batch in the form of `collate_slowly`."""
    tokens = [
        [(int(batch.word_ids_U[u]), batch.characters_UC[u].tolist()) for u in row] for row in batch.words_BT
    ]
    return tokens, batch.features_BF.tolist()


batches = st.lists(
    st.one_of(utterances, st.sampled_from([KNOWN, "seven", "wake me me me"])), min_size=1, max_size=5
)


@given(batches)
def test_a_batch_is_its_items_padded(batch_texts: list[str]) -> None:
    items = [item_of(text) for text in batch_texts]
    batch = collate(items)
    assert unfold(batch) == collate_slowly(items)
    assert batch.lengths_B.tolist() == [item.n_tokens for item in items]


@given(batches)
def test_a_batch_lists_each_word_once_after_the_padding(batch_texts: list[str]) -> None:
    items = [item_of(text) for text in batch_texts]
    batch = collate(items)
    distinct = {token.text for text in batch_texts for token in tokenise(text)}
    assert len(batch.word_ids_U) == len(batch.characters_UC) == 1 + len(distinct)
    assert batch.word_ids_U[0] == PADDING
    assert not batch.characters_UC[0].any()


@given(batches)
def test_padding_is_the_share_of_the_grid_that_holds_no_token(batch_texts: list[str]) -> None:
    batch = collate([item_of(text) for text in batch_texts])
    free = sum(u == 0 for row in batch.words_BT.tolist() for u in row)
    assert batch.padding == pytest.approx(free / batch.words_BT.size)


def test_arrays_have_the_types_that_graphs_expect() -> None:
    batch = collate([item_of("wake me")])
    expected = {"words_BT": "int64", "word_ids_U": "int64", "characters_UC": "int64"}
    expected |= {"features_BF": "int64", "lengths_B": "int32"}
    assert {name: str(getattr(batch, name).dtype) for name in expected} == expected


@given(utterances, batches)
def test_an_item_in_a_batch_has_the_arrays_that_it_has_alone(text: str, others: list[str]) -> None:
    (alone,), (features,) = unfold(collate([item_of(text)]))
    tokens, all_features = unfold(collate([*map(item_of, others), item_of(text)]))
    together = [(row, characters[: len(alone[0][1])]) for row, characters in tokens[-1][: len(alone)]]
    assert together == alone
    assert all_features[-1][: len(features)] == features
    assert not any(all_features[-1][len(features) :])


@given(st.lists(texts, min_size=1, max_size=4))
def test_what_was_seen_before_changes_no_item(seen: list[str]) -> None:
    cold, warm = vectorizer_of(KNOWN), vectorizer_of(KNOWN)
    for text in [*seen, *reversed(seen)]:
        item_of(text, warm)
    assert as_lists(item_of(seen[0], warm)) == as_lists(item_of(seen[0], cold))


def test_a_hundred_thousand_distinct_words_leave_a_bounded_cache_and_right_items() -> None:
    vectorizer = vectorizer_of(KNOWN, max_bytes=2_000_000)
    before = as_lists(item_of(KNOWN, vectorizer))
    unseen = ["".join(letters) for letters in islice(product("abcdefgéñ", repeat=6), 100_000)]
    for first in range(0, len(unseen), 1000):
        item_of(" ".join(unseen[first : first + 1000]), vectorizer)
    assert vectorizer._words.bytes <= 2_000_000
    assert as_lists(item_of(KNOWN, vectorizer)) == before


def test_long_words_and_chunks_are_not_remembered() -> None:
    vectorizer = vectorizer_of(KNOWN)
    first, again = (item_of("x" * (LONGEST + 1), vectorizer) for _ in range(2))
    assert as_lists(first) == as_lists(again)
    assert (len(vectorizer._words), vectorizer._words.tokens(), vectorizer._words.bytes) == (0, 0, 0)


@settings(max_examples=10)
@given(st.lists(texts, min_size=8, max_size=40))
def test_threads_share_a_vectorizer(batch_texts: list[str]) -> None:
    shared = vectorizer_of(KNOWN)
    with ThreadPoolExecutor(8) as pool:
        actual = list(pool.map(lambda text: as_lists(item_of(text, shared)), batch_texts * 4))
    alone = vectorizer_of(KNOWN)
    assert actual == [as_lists(item_of(text, alone)) for text in batch_texts] * 4


def test_misses_are_counted() -> None:
    vectorizer = vectorizer_of(KNOWN)
    for text in ("wake me", "wake me", "wake up"):
        item_of(text, vectorizer)
    assert vectorizer.misses() == 3


def test_a_vectorizer_is_freed_by_its_last_reference() -> None:
    """Nothing in it refers back to it: a version of a model that is retired goes without a collection of garbage."""
    vectorizer = vectorizer_of(KNOWN)
    item_of(KNOWN, vectorizer)
    freed = weakref.ref(vectorizer)
    words = weakref.ref(vectorizer._words)
    gc.disable()
    try:
        del vectorizer
        assert freed() is None
        assert words() is None
    finally:
        gc.enable()
