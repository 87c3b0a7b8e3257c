"""What words say of being foreign, against a slow twin; alone as in company; and what is refused when it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyparse.contract.frame import Utterance
from polyparse.errors import ConfigError
from polyparse.inference.foreign import ForeignWords
from polyparse.inference.ood import Evidence
from polyparse.text.features import word_hash
from polyparse.text.vectorizer import Item, Vectorizer, collate
from polyparse.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

VECTORIZER = Vectorizer(Vocabulary(words=("wake", "me"), characters=""), None)
WEIGHTS = {"wake": -2.3, "me": -0.41, "garage": 3.7, "door": 1.9}
UNKNOWN = 0.83

sentences = st.lists(st.sampled_from([*WEIGHTS, "мир", "zzz"]), min_size=1, max_size=9)


def foreign_words() -> ForeignWords:
    by_hash = sorted((word_hash(word), weight) for word, weight in WEIGHTS.items())
    return ForeignWords(
        np.array([hash_ for hash_, _ in by_hash], dtype=np.uint32),
        np.array([weight for _, weight in by_hash], dtype=np.float16),
        unknown=float(np.float16(UNKNOWN)),
    )


def items(batch: list[list[str]]) -> list[Item]:
    return [VECTORIZER.item(Utterance(" ".join(words))) for words in batch]


@given(st.lists(sentences, min_size=1, max_size=5))
def test_the_weights_of_the_words_are_summed_and_long_texts_count_less(batch: list[list[str]]) -> None:
    weighed = [[float(np.float16(WEIGHTS.get(word, UNKNOWN))) for word in words] for words in batch]
    expected = [sum(weights) / len(weights) ** 0.5 for weights in weighed]
    assert foreign_words().sums(collate(items(batch))).tolist() == pytest.approx(expected)


@given(st.lists(sentences, min_size=1, max_size=5))
def test_alone_equals_in_company(batch: list[list[str]]) -> None:
    together = foreign_words().sums(collate(items(batch))).tolist()
    assert together == [float(foreign_words().sums(collate([item]))[0]) for item in items(batch)]


def test_evidence_is_completed_by_it() -> None:
    batch = collate(items([["garage"]]))
    evidence = Evidence(np.zeros((1, 2), np.float32), np.zeros(1, np.float32))
    assert foreign_words().compare(batch, evidence).foreign_words_B == pytest.approx([3.7], abs=0.01)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    foreign_words().save(tmp_path / "foreign.npz")
    read = ForeignWords.load(tmp_path / "foreign.npz")
    np.testing.assert_array_equal(read.hashes_W, foreign_words().hashes_W)
    np.testing.assert_array_equal(read.weights_W, foreign_words().weights_W)
    assert read.unknown == foreign_words().unknown


HALVES = np.ones(2, dtype=np.float16)
ONE = np.ones(1, dtype=np.float16)
HASHES = np.array([3, 8], dtype=np.uint32)
DAMAGED = {
    "other numbers": ({"hashes_W": HASHES.astype(np.int64)}, "hashes_W: found int64"),
    "a table": ({"weights_W": HALVES.reshape(1, 2)}, "weights_W: found float16"),
    "a weight too few": ({"weights_W": ONE}, "found 2 hashes and 1 weights, expected one each, ascending"),
    "no order": ({"hashes_W": HASHES[::-1].copy()}, "expected one each, ascending"),
    "no number": ({"weights_W": np.array([1.0, np.nan], dtype=np.float16)}, "weights that are no numbers"),
    "two for the unknown": ({"unknown": HALVES}, "weights that are no numbers"),
}


@pytest.mark.parametrize(("changed", "message"), DAMAGED.values(), ids=DAMAGED)
def test_what_is_no_weights_is_refused_by_its_file(
    changed: dict[str, NDArray[Any]], message: str, tmp_path: Path
) -> None:
    file = tmp_path / "foreign.npz"
    arrays: dict[str, Any] = {"hashes_W": HASHES, "weights_W": HALVES, "unknown": ONE, **changed}
    np.savez(file, **arrays)
    with pytest.raises(ConfigError, match=rf"foreign\.npz: .*{message}|foreign\.npz: {message}"):
        ForeignWords.load(file)


def test_a_file_without_them_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "foreign.npz", hashes_W=HASHES)
    with pytest.raises(ConfigError, match="expected hashes and weights of words"):
        ForeignWords.load(tmp_path / "foreign.npz")
