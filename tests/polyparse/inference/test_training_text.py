"""What training text had, against a slow twin over sets and counters; and what is refused when it is read."""

from __future__ import annotations

from collections import Counter
from math import log
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyparse.contract.frame import Utterance
from polyparse.errors import ConfigError
from polyparse.inference.ood import Evidence
from polyparse.inference.training_text import PRIOR, SIZE, TrainingText
from polyparse.text.vectorizer import Item, Vectorizer, collate
from polyparse.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from pathlib import Path

VOCABULARY = Vocabulary(words=("wake", "me", "at", "six", "play", "jazz"), characters="")
VECTORIZER = Vectorizer(VOCABULARY, None)
STRANGE = ("rock", "мир", "zzz")
N_DOMAINS = 3

sentences = st.lists(st.sampled_from([*VOCABULARY.words, *STRANGE]), min_size=1, max_size=9)
labelled = st.tuples(sentences, st.integers(0, N_DOMAINS - 1))
corpora = st.lists(labelled, max_size=12)
batches = st.lists(labelled, min_size=1, max_size=5)
Labelled = tuple[list[str], int]


def items(batch: list[Labelled]) -> list[Item]:
    return [VECTORIZER.item(Utterance(" ".join(words))) for words, _ in batch]


def text_of(corpus: list[Labelled]) -> TrainingText:
    domains = [domain for _, domain in corpus]
    return TrainingText.build(items(corpus), domains, vocabulary_size=VOCABULARY.size, n_domains=N_DOMAINS)


def unseen_ngrams(text: TrainingText, batch: list[Labelled]) -> list[float]:
    domains_B = np.array([domain for _, domain in batch])
    shares: list[float] = text.unseen_ngrams(collate(items(batch)), domains_B).tolist()
    return shares


def domain_log_ratio(text: TrainingText, batch: list[Labelled]) -> list[float]:
    ratios: list[float] = text.domain_log_ratio(collate(items(batch))).tolist()
    return ratios


def ngrams(words: list[str]) -> list[tuple[str, ...]]:
    marked = ["<", *words, "<"]
    marked += ["<"] * (SIZE - len(marked))
    return [tuple(marked[i : i + SIZE]) for i in range(len(marked) - SIZE + 1)]


@given(corpora, batches)
def test_unseen_ngrams_are_the_share_that_the_domains_text_lacks(
    corpus: list[Labelled], batch: list[Labelled]
) -> None:
    known = {(ngram, domain) for words, domain in corpus for ngram in ngrams(words)}
    expected = [np.mean([(ngram, domain) not in known for ngram in ngrams(words)]) for words, domain in batch]
    assert unseen_ngrams(text_of(corpus), batch) == pytest.approx(expected)


@given(corpora, batches)
def test_a_domain_log_ratio_is_the_mean_of_smoothed_ones_in_the_domain_that_they_speak_for_most(
    corpus: list[Labelled], batch: list[Labelled]
) -> None:
    def known(word: str) -> str:
        return word if word in VOCABULARY.words else "unknown"

    counts = Counter((known(word), domain) for words, domain in corpus for word in words)
    of_word = Counter(known(word) for words, _ in corpus for word in words)
    of_domain = Counter(domain for words, domain in corpus for _ in words)
    total = sum(of_word.values())

    def ratio(word: str, domain: int) -> float:
        if not of_word[word]:
            return 0.0
        share = of_word[word] / total
        smoothed = (counts[word, domain] + PRIOR * share) / (of_domain[domain] + PRIOR)
        return log(smoothed / share)

    expected = [
        -max(np.mean([ratio(known(word), domain) for word in words]) for domain in range(N_DOMAINS))
        for words, _ in batch
    ]
    assert domain_log_ratio(text_of(corpus), batch) == pytest.approx(expected, abs=1e-3)  # float16


@given(corpora, batches)
def test_an_utterance_is_compared_alone(corpus: list[Labelled], batch: list[Labelled]) -> None:
    text = text_of(corpus)
    for compare in (unseen_ngrams, domain_log_ratio):
        assert compare(text, batch) == [compare(text, [one])[0] for one in batch]


@given(corpora, batches)
def test_evidence_gains_what_the_text_says_of_the_likeliest_domains(
    corpus: list[Labelled], batch: list[Labelled]
) -> None:
    text, collated = text_of(corpus), collate(items(batch))
    probs_BD = np.eye(N_DOMAINS)[[domain for _, domain in batch]]
    before = Evidence(np.log(probs_BD + 1e-9), np.zeros(len(batch)), probs_BD)
    after = text.compare(collated, before)
    assert after.unseen_ngrams_B is not None
    assert after.domain_log_ratio_B is not None
    assert after.unseen_ngrams_B.tolist() == unseen_ngrams(text, batch)
    assert after.domain_log_ratio_B.tolist() == domain_log_ratio(text, batch)
    assert after.intent_log_probs_BI is before.intent_log_probs_BI
    assert after.domain_probs_BD is before.domain_probs_BD


def test_what_training_had_is_new_in_another_domain_alone() -> None:
    words = ["wake", "me", "at", "six"]
    text = text_of([(words, 1)] * 2000 + [(["play", "jazz"], 2)] * 2000)
    assert unseen_ngrams(text, [(words, 1), (words, 2), ([*words[:3], "zzz"], 1)]) == [
        0.0,
        1.0,
        pytest.approx(2 / 3),
    ]


def test_words_of_one_domain_are_more_typical_than_words_of_several() -> None:
    text = text_of([(["wake", "me"], 1)] * 2000 + [(["play", "me"], 2)] * 2000)
    batch = [(["wake"], 0), (["wake", "me"], 0), (["me"], 0), (["wake", "play"], 0)]
    typical, half, none, torn = domain_log_ratio(text, batch)
    assert typical < half < none == pytest.approx(0.0, abs=1e-3)
    assert torn > half


@given(corpus=corpora)
def test_it_is_read_back_as_it_was_written_and_written_alike_each_time(
    corpus: list[Labelled], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("text")
    text = text_of(corpus)
    text.save(folder / "one.npz")
    read = TrainingText.load(folder / "one.npz", vocabulary_size=VOCABULARY.size, n_domains=N_DOMAINS)
    np.testing.assert_array_equal(read.ngrams_N, text.ngrams_N)
    np.testing.assert_array_equal(read.log_ratios_VD, text.log_ratios_VD)
    read.save(folder / "two.npz")
    assert (folder / "one.npz").read_bytes() == (folder / "two.npz").read_bytes()


ROW = np.arange(3, dtype=np.uint32)
TABLE = np.zeros((VOCABULARY.size, N_DOMAINS), dtype=np.float16)
WRONG = {
    "lacks one": ({"ngrams_N": ROW}, "found no arrays"),
    "descends": ({"ngrams_N": ROW[::-1], "log_ratios_VD": TABLE}, "found n-grams as uint32"),
    "repeats": ({"ngrams_N": ROW // 2, "log_ratios_VD": TABLE}, "found n-grams as uint32"),
    "is signed": ({"ngrams_N": ROW.astype(np.int32), "log_ratios_VD": TABLE}, "found n-grams as int32"),
    "is a scalar": ({"ngrams_N": ROW[0], "log_ratios_VD": TABLE}, r"found n-grams as uint32\(\)"),
    "is wide": ({"ngrams_N": ROW, "log_ratios_VD": TABLE.astype(np.float32)}, "found ratios as float32"),
    "is short": ({"ngrams_N": ROW, "log_ratios_VD": TABLE[1:]}, r"found ratios as float16\(7, 3\)"),
}


@pytest.mark.parametrize(("arrays", "message"), WRONG.values(), ids=WRONG)
def test_other_arrays_are_refused_with_their_file(
    arrays: dict[str, np.ndarray], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "training_text.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]  # the stub takes the names for its options
    with pytest.raises(ConfigError, match=rf"training_text\.npz: {message}"):
        TrainingText.load(path, vocabulary_size=VOCABULARY.size, n_domains=N_DOMAINS)


def test_one_array_is_refused_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "training_text.npz"
    with path.open("wb") as file:
        np.save(file, ROW)
    with pytest.raises(ConfigError, match=r"training_text\.npz: found no arrays"):
        TrainingText.load(path, vocabulary_size=VOCABULARY.size, n_domains=N_DOMAINS)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_what_is_no_archive_is_refused_with_its_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "training_text.npz"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"training_text\.npz: found no arrays"):
        TrainingText.load(path, vocabulary_size=VOCABULARY.size, n_domains=N_DOMAINS)
