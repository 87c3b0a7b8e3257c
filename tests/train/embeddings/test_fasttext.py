"""Vectors by fastText: of the right size for every word, finite, near where contexts are alike; and from .bin files."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest

from polyparse.corpora.example import Example
from polyparse.errors import ConfigError, CorpusError
from polyparse.text.vocabulary import Vocabulary
from train.embeddings import starting_vectors
from train.embeddings.fasttext import THREADS, read_bin, train_space, train_vectors
from train.models.embedder import EmbedderConfig
from train.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

fasttext = pytest.importorskip("fasttext", reason="fasttext is compiled from source, and was not")

QUIET = Progress(quiet=True)
SIZE = 12
DAYS, TOWNS = ("monday", "friday", "sunday"), ("rome", "delhi", "madrid")
SENTENCES = [
    *(f"wake me on {day} at six please".split() for day in DAYS * 1500),
    *(f"what is the weather like in {town} then".split() for town in TOWNS * 1500),
]
VOCABULARY = Vocabulary.build(word for sentence in SENTENCES for word in sentence)


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model in fastText's own format, trained on other words than the vocabulary's."""
    folder = tmp_path_factory.mktemp("fasttext")
    (folder / "text").write_text("mondays sundays romes\n" * 50, encoding="utf-8")
    model = fasttext.train_unsupervised(
        str(folder / "text"), dim=SIZE, minCount=1, bucket=1000, thread=12, verbose=0
    )
    model.save_model(str(folder / "words.bin"))
    return folder / "words.bin"


def test_every_word_has_a_finite_vector() -> None:
    vectors = train_vectors(SENTENCES, VOCABULARY, size=SIZE)
    assert vectors.rows_N.tolist() == list(VOCABULARY.word_ids.values())
    assert vectors.vectors_NE.shape == (len(VOCABULARY.words), SIZE)
    assert vectors.vectors_NE.dtype == np.float32
    assert np.isfinite(vectors.vectors_NE).all()


def test_as_many_threads_train_as_fill_the_whole_matrix(tmp_path: Path) -> None:
    """Rows that no word of the text touches are at random, and none is left as memory was."""
    (tmp_path / "text").write_text("wake me at six\n" * 20, encoding="utf-8")
    model = fasttext.train_unsupervised(
        str(tmp_path / "text"), dim=SIZE, minCount=1, bucket=5000, thread=THREADS, verbose=0
    )
    rows_NE = model.get_input_matrix()
    assert len(rows_NE) > 5000
    assert (np.abs(rows_NE[-4000:]).max(axis=1) > 0).all()
    assert np.abs(rows_NE[-4000:]).max() < 1


def test_words_of_like_contexts_are_nearer_than_others() -> None:
    vectors = train_vectors(SENTENCES, VOCABULARY, size=SIZE)
    unit_NE = vectors.vectors_NE / np.linalg.norm(vectors.vectors_NE, axis=1, keepdims=True)
    row = {word: unit_NE[index - 2] for word, index in VOCABULARY.word_ids.items()}
    within = [row[a] @ row[b] for group in (DAYS, TOWNS) for a in group for b in group if a < b]
    across = [row[a] @ row[b] for a in DAYS for b in TOWNS]
    assert np.mean(within) > 0.9
    assert np.mean(across) < 0.7


def test_a_language_s_own_space_has_its_words_by_frequency() -> None:
    space = train_space([*SENTENCES, ["once"]], size=SIZE, epochs=1, min_count=2)
    assert sorted(space.words) == sorted(VOCABULARY.words)
    counts = Counter(word for sentence in SENTENCES for word in sentence)
    assert [counts[word] for word in space.words] == sorted(counts.values(), reverse=True)
    assert space.vectors_VE.shape == (len(space.words), SIZE)
    assert np.isfinite(space.vectors_VE).all()


def test_text_without_a_frequent_word_has_no_space() -> None:
    with pytest.raises(ConfigError, match=r"--min-count: found no word that occurs 5 times"):
        train_space([["wake", "me"]], size=SIZE, min_count=5)


def test_a_model_file_gives_vectors_of_words_that_it_never_saw(model_file: Path) -> None:
    vectors = read_bin(model_file, VOCABULARY, size=SIZE, progress=QUIET)
    model = fasttext.load_model(str(model_file))
    assert "monday" not in model.words
    actual = dict(zip(vectors.rows_N.tolist(), vectors.vectors_NE, strict=True))
    row = VOCABULARY.word_ids["monday"]
    assert actual[row].tolist() == model.get_word_vector("monday").tolist()


def test_a_model_of_another_size_is_refused_and_both_sizes_named(model_file: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"word_size: found 100, expected 12, the size of the vectors in .*bin"
    ):
        read_bin(model_file, VOCABULARY, size=100, progress=QUIET)


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.bin").write_text("no model", encoding="utf-8")
    for name in ("text.bin", "none.bin"):
        with pytest.raises(CorpusError, match=rf"{name}: found no fastText model \(.*\), expected one"):
            read_bin(tmp_path / name, VOCABULARY, size=SIZE, progress=QUIET)


def test_vectors_that_are_not_finite_are_refused(tmp_path: Path, model_file: Path) -> None:
    """As fastText leaves them where a part of its matrix was never filled."""
    model = fasttext.load_model(str(model_file))
    words_NE, outputs_NE = model.get_input_matrix(), model.get_output_matrix()
    model.set_matrices(np.full_like(words_NE, np.nan), outputs_NE)
    model.save_model(str(tmp_path / "nan.bin"))
    with pytest.raises(ConfigError, match=r"found a vector of '\w+' from .*nan.bin that is not finite"):
        read_bin(tmp_path / "nan.bin", VOCABULARY, size=SIZE, progress=QUIET)


@pytest.mark.parametrize(
    ("source", "covered"),
    [
        ("random", None),
        ("fasttext", len(VOCABULARY.words)),
        ("aligned", len(VOCABULARY.words)),
        ("{folder}/x.vec", 1),
        ("{folder}/words.bin", "most"),
    ],
)
def test_the_config_says_where_vectors_come_from(
    source: str, covered: int | str | None, tmp_path: Path, model_file: Path
) -> None:
    (tmp_path / "x.vec").write_text(f"1 {SIZE}\nrome{' 1' * SIZE}\n", encoding="utf-8")
    (tmp_path / "words.bin").symlink_to(model_file)
    config = EmbedderConfig(word_size=SIZE, word_vectors=source.format(folder=tmp_path))
    examples = [
        Example(str(number), " ".join(words), "en-US", "train", None, None, ())
        for number, words in enumerate(SENTENCES)
    ]
    vectors = starting_vectors(config, VOCABULARY, examples, QUIET)
    if covered is None:
        assert vectors is None
    else:
        assert vectors is not None
        actual = len(vectors.rows_N)
        assert actual == covered if isinstance(covered, int) else actual > 5
