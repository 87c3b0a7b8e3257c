"""A word has one vector, whatever words are asked for with it, however often, in whatever thread, kept or not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_export.bundle.files import signature_of
from model_export.graphs.embed import embed_graph
from polyparse.runtime.session import Session
from polyparse.runtime.word_vectors import AT_ONCE, KEY_BYTES, WordVectorCache
from polyparse.text.vectorizer import characters_of, ids_of
from polyparse.text.vocabulary import UNKNOWN
from polyparse.text.words import CHARACTER, Word
from tests.bundles import LABELS
from train.models.embedder import EmbedderConfig
from train.models.encoders.base import EncoderConfig
from train.models.joint import JointConfig, JointNetwork

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

N_WORDS, N_CHARACTERS, WORD_SIZE, FILTERS = 40, 20, 6, 4
ENTRY_BYTES = 4 * (WORD_SIZE + 3 * FILTERS) + KEY_BYTES


class Counted(Session):
    """A session that counts the words that it embeds, padding included."""

    def __init__(self, graph: Path) -> None:
        super().__init__(graph, signature_of(onnx.load(graph)), device="cpu")
        self.runs: list[int] = []

    def run(self, inputs: dict[str, NDArray[np.int64]]) -> Sequence[NDArray[np.float32]]:  # type: ignore[override]
        self.runs.append(len(inputs["word_rows_U"]))
        return super().run(inputs)


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    embedder = EmbedderConfig(word_size=WORD_SIZE, character_size=5, character_filters=FILTERS)
    config = JointConfig(embedder=embedder, encoder=EncoderConfig(hidden_size=2), mlp_size=2)
    network = JointNetwork(LABELS, n_words=N_WORDS, n_characters=N_CHARACTERS, config=config)
    file = tmp_path_factory.mktemp("graphs") / "embed.onnx"
    file.write_bytes(embed_graph(network, small=True).SerializeToString())
    return file


@pytest.fixture(scope="module")
def session(graph: Path) -> Session:
    return Session(graph, signature_of(onnx.load(graph)), device="cpu")


@pytest.fixture(scope="module")
def words() -> list[Word]:
    """Thirty words of one to nine characters."""
    random = np.random.default_rng(3)

    def word(word_id: int) -> Word:
        characters = random.integers(1, N_CHARACTERS, random.integers(1, 10), dtype=CHARACTER)
        return Word(word_id, characters.tobytes(), (), 0)

    return [word(word_id) for word_id in range(1, 31)]


def by_the_graph(session: Session, words: Sequence[Word]) -> NDArray[np.float32]:
    """The slow twin: all in one run, nothing kept."""
    inputs = {"word_rows_U": ids_of(words), "characters_UC": characters_of(words)}
    (vectors_UE,) = session.run(inputs)
    return vectors_UE


@settings(deadline=None)  # a run's first call of a shape may take long
@given(
    requests=st.lists(st.lists(st.integers(0, 29), unique=True, max_size=12), max_size=8),
    most=st.integers(1, 40),
)
def test_kept_or_made_the_vectors_are_those_of_the_graph(
    session: Session, words: list[Word], requests: list[list[int]], most: int
) -> None:
    vectors = WordVectorCache(session, max_bytes=most * ENTRY_BYTES)
    for picks in requests:
        batch = [words[pick] for pick in picks]
        assert vectors.of(batch) == pytest.approx(by_the_graph(session, batch), abs=1e-6)
        assert len(vectors) <= most


def test_a_word_is_made_once(graph: Path, words: list[Word]) -> None:
    session = Counted(graph)
    vectors = WordVectorCache(session, max_bytes=100 * ENTRY_BYTES)
    vectors.of(words[:3])
    vectors.of(words[:5])
    vectors.of(words[:5][::-1])
    assert session.runs == [1, 1 + 3, 1 + 2]  # the first is padding's own
    assert len(vectors) == 5


def test_many_new_words_are_made_in_several_runs(graph: Path, session: Session) -> None:
    """In one, what the graph takes in between would grow with all the words that a batch may bring."""
    random = np.random.default_rng(5)
    many = [
        Word(UNKNOWN, random.integers(1, N_CHARACTERS, 9, dtype=CHARACTER).tobytes(), (), 0)
        for _ in range(150)
    ]
    counted = Counted(graph)
    vectors = WordVectorCache(counted, max_bytes=1000 * ENTRY_BYTES)
    assert vectors.of(many) == pytest.approx(by_the_graph(session, many), abs=1e-6)
    assert counted.runs == [1, 64, 64, 1 + 150 - 2 * AT_ONCE]
    assert vectors.of(many) == pytest.approx(by_the_graph(session, many), abs=1e-6)


def test_the_words_that_came_first_make_room(graph: Path, words: list[Word]) -> None:
    session = Counted(graph)
    vectors = WordVectorCache(session, max_bytes=4 * ENTRY_BYTES)
    vectors.of(words[:4])
    vectors.of(words[4:6])
    vectors.of(words[2:6])
    assert session.runs == [1, 1 + 4, 1 + 2]
    vectors.of(words[:1])
    assert session.runs == [1, 1 + 4, 1 + 2, 1 + 1]


def test_threads_share_the_vectors(session: Session, words: list[Word]) -> None:
    vectors = WordVectorCache(session, max_bytes=7 * ENTRY_BYTES)
    picks = [words[first : first + 6] for first in range(24)] * 8
    with ThreadPoolExecutor(4) as pool:
        of_batches = list(pool.map(vectors.of, picks))
    for batch, vectors_UE in zip(picks, of_batches, strict=True):
        assert vectors_UE == pytest.approx(by_the_graph(session, batch), abs=1e-6)
    assert len(vectors) <= 7


def test_a_word_that_is_made_anew_has_its_vector_still(graph: Path) -> None:
    session = Counted(graph)
    vectors = WordVectorCache(session, max_bytes=9 * ENTRY_BYTES)
    known, unknown = Word(7, b"", (), 0), Word(UNKNOWN, np.array([3, 4], CHARACTER).tobytes(), (), 0)
    first = vectors.of([known, unknown])
    again = vectors.of([replace(unknown), replace(known)])
    assert session.runs == [1, 1 + 2]
    assert (again == first[[0, 2, 1]]).all()


def test_a_word_in_another_case_has_another_vector(session: Session) -> None:
    """Its characters begin with the mark."""
    vectors = WordVectorCache(session, max_bytes=9 * ENTRY_BYTES, case_marks=True)
    spelled = [Word(7, np.array([mark, 4], CHARACTER).tobytes(), (), 0) for mark in (2, 3)]
    for _ in range(2):
        assert vectors.of(spelled) == pytest.approx(by_the_graph(session, spelled), abs=1e-6)
    assert len(vectors) == 2


def test_a_batch_larger_than_the_cache_is_answered(session: Session, words: list[Word]) -> None:
    vectors = WordVectorCache(session, max_bytes=4 * ENTRY_BYTES)
    for _ in range(2):
        assert vectors.of(words) == pytest.approx(by_the_graph(session, words), abs=1e-6)
    assert len(vectors) == 4


def test_the_matrix_and_the_keys_are_within_the_bytes(session: Session, words: list[Word]) -> None:
    vectors = WordVectorCache(session, max_bytes=10 * ENTRY_BYTES + 1)
    vectors.of(words)
    assert vectors._vectors_NE.nbytes + len(vectors) * KEY_BYTES <= 10 * ENTRY_BYTES
