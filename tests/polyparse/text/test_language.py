"""What words say of a language: sums of weights of features, exact, and nothing of what is no word."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyparse.contract.frame import Utterance
from polyparse.text.features import word_features
from polyparse.text.language import EVIDENCE, NO_EVIDENCE, LanguageTable, bears_evidence
from polyparse.text.vectorizer import Vectorizer
from polyparse.text.vocabulary import Vocabulary
from tests.strategies import texts

SEEN = [feature for word in ("wake", "despierta", "मुझे") for feature in word_features(word)]
HASHES_F = np.unique(np.array(SEEN, dtype=np.uint32))
WEIGHTS_FL = np.random.default_rng(7).integers(-127, 128, (len(HASHES_F), 3)).astype(np.int8)
TABLE = LanguageTable(HASHES_F, WEIGHTS_FL)


def by_hand(word: str) -> list[int]:
    """The slow twin of `evidence`."""
    features = word_features(word)
    rows = {int(feature): WEIGHTS_FL[row].astype(int) for row, feature in enumerate(HASHES_F.tolist())}
    languages = sum((rows[feature] for feature in features if feature in rows), np.zeros(3, dtype=int))
    return [*languages.tolist(), len(features), 1, int(features[0] not in rows)]


@pytest.mark.parametrize("word", ["wake", "waking", "despierta", "मुझे", "zzz", "\U0010ffff", "ゐ", "a"])
def test_evidence_is_the_sum_over_the_features_that_are_kept(word: str) -> None:
    evidence = TABLE.evidence(word)
    assert (
        np.frombuffer(evidence, EVIDENCE).tolist() == by_hand(word)
        if bears_evidence(word)
        else evidence == b""
    )


@pytest.mark.parametrize("word", ["7", "7pm", "?", "ann@example.org", "www.example.org", "१०", "🙂"])
def test_what_is_no_word_bears_none(word: str) -> None:
    assert TABLE.evidence(word) == NO_EVIDENCE


@given(st.lists(st.sampled_from(["wake", "zzz", "मुझे", "7"]), max_size=5))
def test_the_evidence_of_a_text_is_the_sum_over_its_words(text: list[str]) -> None:
    expected = np.sum([by_hand(word) for word in text if word != "7"] or [[0] * 6], axis=0)
    assert TABLE.summed([TABLE.evidence(word) for word in text]) == expected.tolist()


@given(texts)
def test_a_vectorizer_keeps_it_with_the_word(text: str) -> None:
    vectorizer = Vectorizer(Vocabulary(words=("wake",), characters="wake"), None, languages=TABLE)
    item = vectorizer.item(Utterance(text))
    for word, start, end in zip(item.words, item.starts, item.ends, strict=True):
        again = vectorizer.item(Utterance(text[start:end]))
        assert word.language is not None
        if len(again.words) == 1:
            assert again.words[0].language == word.language


def test_a_vectorizer_that_is_not_asked_says_nothing() -> None:
    (word,) = Vectorizer(Vocabulary(words=("wake",), characters="wake"), None).item(Utterance("wake")).words
    assert word.language is None
