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
from polyparse.inference.training_text import PRIOR, SIZE, SeenText
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


def items(found: list[Labelled]) -> list[Item]:
    return [VECTORIZER.item(Utterance(" ".join(words))) for words, _ in found]


def seen_in(corpus: list[Labelled]) -> SeenText:
    rows, domains = VOCABULARY.n_rows, [domain for _, domain in corpus]
    return SeenText.build(items(corpus), domains, vocabulary_rows=rows, n_domains=N_DOMAINS)


def novelty_of(seen: SeenText, found: list[Labelled]) -> list[float]:
    share_B: list[float] = seen.novelty(collate(items(found)), np.array([d for _, d in found])).tolist()
    return share_B


def atypicality_of(seen: SeenText, found: list[Labelled]) -> list[float]:
    least_B: list[float] = seen.atypicality(collate(items(found))).tolist()
    return least_B


def ngrams(words: list[str]) -> list[tuple[str, ...]]:
    marked = ["<", *words, "<"]
    marked += ["<"] * (SIZE - len(marked))
    return [tuple(marked[i : i + SIZE]) for i in range(len(marked) - SIZE + 1)]


@given(corpora, batches)
def test_novelty_is_the_share_of_ngrams_that_the_domains_text_lacks(
    corpus: list[Labelled], found: list[Labelled]
) -> None:
    known = {(ngram, domain) for words, domain in corpus for ngram in ngrams(words)}
    expected = [np.mean([(ngram, domain) not in known for ngram in ngrams(words)]) for words, domain in found]
    assert novelty_of(seen_in(corpus), found) == pytest.approx(expected)


@given(corpora, batches)
def test_atypicality_is_the_mean_of_smoothed_log_ratios_in_the_domain_that_they_speak_for_most(
    corpus: list[Labelled], found: list[Labelled]
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
        for words, _ in found
    ]
    assert atypicality_of(seen_in(corpus), found) == pytest.approx(expected, abs=1e-3)  # float16


@given(corpora, batches)
def test_an_utterance_is_judged_alone(corpus: list[Labelled], found: list[Labelled]) -> None:
    seen = seen_in(corpus)
    for judge in (novelty_of, atypicality_of):
        assert judge(seen, found) == [judge(seen, [one])[0] for one in found]


def test_what_training_had_is_new_in_another_domain_alone() -> None:
    text = ["wake", "me", "at", "six"]
    seen = seen_in([(text, 1)] * 2000 + [(["play", "jazz"], 2)] * 2000)
    assert novelty_of(seen, [(text, 1), (text, 2), ([*text[:3], "zzz"], 1)]) == [
        0.0,
        1.0,
        pytest.approx(2 / 3),
    ]


def test_words_of_one_domain_are_more_typical_than_words_of_several() -> None:
    seen = seen_in([(["wake", "me"], 1)] * 2000 + [(["play", "me"], 2)] * 2000)
    found = [(["wake"], 0), (["wake", "me"], 0), (["me"], 0), (["wake", "play"], 0)]
    typical, half, none, torn = atypicality_of(seen, found)
    assert typical < half < none == pytest.approx(0.0, abs=1e-3)
    assert torn > half


@given(corpus=corpora)
def test_it_is_read_back_as_it_was_written_and_written_alike_each_time(
    corpus: list[Labelled], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("seen")
    seen = seen_in(corpus)
    seen.save(folder / "one.npz")
    read = SeenText.load(folder / "one.npz", vocabulary_rows=VOCABULARY.n_rows, n_domains=N_DOMAINS)
    np.testing.assert_array_equal(read.ngrams_N, seen.ngrams_N)
    np.testing.assert_array_equal(read.log_ratios_VD, seen.log_ratios_VD)
    read.save(folder / "two.npz")
    assert (folder / "one.npz").read_bytes() == (folder / "two.npz").read_bytes()


ROW = np.arange(3, dtype=np.uint32)
TABLE = np.zeros((VOCABULARY.n_rows, N_DOMAINS), dtype=np.float16)
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
    path = tmp_path / "seen_text.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]  # the stub takes the names for its options
    with pytest.raises(ConfigError, match=rf"seen_text\.npz: {message}"):
        SeenText.load(path, vocabulary_rows=VOCABULARY.n_rows, n_domains=N_DOMAINS)


def test_one_array_is_refused_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "seen_text.npz"
    with path.open("wb") as file:
        np.save(file, ROW)
    with pytest.raises(ConfigError, match=r"seen_text\.npz: found no arrays"):
        SeenText.load(path, vocabulary_rows=VOCABULARY.n_rows, n_domains=N_DOMAINS)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_what_is_no_archive_is_refused_with_its_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "seen_text.npz"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"seen_text\.npz: found no arrays"):
        SeenText.load(path, vocabulary_rows=VOCABULARY.n_rows, n_domains=N_DOMAINS)
