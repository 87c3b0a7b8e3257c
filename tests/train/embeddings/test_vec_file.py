"""Reading .vec files: what is kept, under which row, and what is refused at which line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from polyparse.errors import ConfigError, CorpusError
from polyparse.text.vocabulary import Vocabulary
from train.embeddings.vec_file import PretrainedVectors, read_vec
from train.embeddings.vec_format import LINES_A_STEP
from train.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

QUIET = Progress(quiet=True)
VOCABULARY = Vocabulary(("alarm", "रोम", "paris", "क़लम", "o"), "")
"""Rows 2 to 6; the fourth word is normalised, so that its first letter is two code points."""


def vec(folder: Path, *lines: str, header: str | None = None, end: str = "\n") -> Path:
    """A .vec file of these lines under a true header, or another one."""
    path = folder / "words.align.vec"
    head = f"{len(lines)} 2" if header is None else header
    path.write_bytes("".join(line + end for line in (head, *lines)).encode())
    return path


def actual(path: Path, size: int = 2) -> dict[int, list[float]]:
    vectors = read_vec(path, VOCABULARY, size=size, progress=QUIET)
    assert vectors.vectors_NE.dtype == np.float32
    assert vectors.vectors_NE.shape == (len(vectors.rows_N), size)
    return dict(zip(vectors.rows_N.tolist(), vectors.vectors_NE.tolist(), strict=True))


def test_words_of_the_vocabulary_are_kept_in_their_rows(tmp_path: Path) -> None:
    path = vec(tmp_path, "रोम 0.5 -2", "unknown 1 1", "alarm 1e-1 3")
    assert actual(path) == {2: pytest.approx([0.1, 3.0]), 3: [0.5, -2.0]}


@pytest.mark.parametrize("end", ["\n", " \n", "\r\n"])
def test_lines_end_as_published_files_end_them(end: str, tmp_path: Path) -> None:
    assert actual(vec(tmp_path, "alarm 1 2", "o 3 4", end=end)) == {2: [1.0, 2.0], 6: [3.0, 4.0]}


def test_other_white_space_belongs_to_a_word(tmp_path: Path) -> None:
    """fastText writes words with U+00A0, U+2028 and the like in them; such a word is not one of ours."""
    path = vec(tmp_path, "\u00a0 1 1", "a\u2028b 1 1", "\u0085 1 1", " 1 1", "alarm 1 2")
    assert actual(path) == {2: [1.0, 2.0]}


def test_bytes_that_are_not_utf8_are_a_word_that_nobody_asks_for(tmp_path: Path) -> None:
    path = tmp_path / "words.vec"
    path.write_bytes(b"2 2\n\xff\xfe 1 1\nalarm 1 2\n")
    assert actual(path) == {2: [1.0, 2.0]}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(["Paris 1 1", "paris 2 2", "PARIS 3 3"], [2.0, 2.0], id="the word itself wins"),
        pytest.param(["paris 2 2", "Paris 1 1"], [2.0, 2.0], id="also when it comes first"),
        pytest.param(["PARIS 3 3", "Paris 1 1"], [3.0, 3.0], id="else the most frequent form"),
        pytest.param(["paris 2 2", "paris 4 4"], [2.0, 2.0], id="of one form twice, the first"),
    ],
)
def test_a_word_counts_under_its_normalised_form(
    lines: list[str], expected: list[float], tmp_path: Path
) -> None:
    assert actual(vec(tmp_path, *lines)) == {4: expected}


def test_composed_letters_find_their_normalised_word(tmp_path: Path) -> None:
    assert actual(vec(tmp_path, "\u0958लम 1 2")) == {5: [1.0, 2.0]}


def test_a_vector_of_zeros_covers_nothing(tmp_path: Path) -> None:
    assert actual(vec(tmp_path, "alarm 0 0", "o 0 1")) == {6: [0.0, 1.0]}


def test_no_word_in_common_gives_no_rows(tmp_path: Path) -> None:
    assert actual(vec(tmp_path, "else 1 1")) == {}


def test_what_is_kept_is_stored_by_ascending_rows() -> None:
    rows = {5: np.array([1, 2], np.float32), 3: np.array([3, 4], np.float32)}
    assert PretrainedVectors.collect(rows, size=2).rows_N.tolist() == [3, 5]


def test_long_files_are_followed_by_the_bar(tmp_path: Path) -> None:
    path = vec(tmp_path, *(f"w{number} 1 1" for number in range(2 * LINES_A_STEP)), "alarm 1 2")
    assert actual(path) == {2: [1.0, 2.0]}


@pytest.mark.parametrize(
    ("lines", "header", "message"),
    [
        pytest.param(["alarm 1"], None, r":2: found a word and 1 numbers, expected 2", id="too few"),
        pytest.param(
            ["else 1 2", "else 1 2 3"], None, r":3: found a word and 3 numbers, expected 2", id="too many"
        ),
        pytest.param(["alarm 1 2", ""], None, r":3: found a word and 0 numbers, expected 2", id="blank line"),
        pytest.param(["alarm 1 two"], None, r":2: found .*'two', expected numbers", id="no number"),
        pytest.param(["alarm 1 nan"], None, r":2: found a number that is not finite", id="not finite"),
        pytest.param(
            ["alarm 1 2"], "alarm 1 2", r":1: found b'alarm 1 2.*', expected 'COUNT SIZE'", id="no header"
        ),
        pytest.param(
            ["alarm 1 2"], "1 -2", r":1: found b'1 -2.*', expected 'COUNT SIZE'", id="negative size"
        ),
        pytest.param(["alarm 1 2"], "", r":1: found b'.*', expected 'COUNT SIZE'", id="empty header"),
        pytest.param(
            ["alarm 1 2"], "3 2", r"vec: found 1 vectors, expected 3 as the first line says", id="cut off"
        ),
        pytest.param(["a 1 2", "b 1 2"], "1 2", r"vec: found 2 vectors, expected 1 as the first", id="more"),
    ],
)
def test_what_does_not_follow_the_format_is_refused(
    lines: list[str], header: str | None, message: str, tmp_path: Path
) -> None:
    with pytest.raises(CorpusError, match=message) as caught:
        actual(vec(tmp_path, *lines, header=header))
    assert caught.value.path == tmp_path / "words.align.vec"


def test_vectors_of_another_size_are_refused_and_both_sizes_named(tmp_path: Path) -> None:
    message = r"joint.embedder.word_size: found 100, expected 2, the size of the vectors in .*words.align.vec"
    with pytest.raises(ConfigError, match=message):
        actual(vec(tmp_path, "alarm 1 2"), size=100)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"none.vec: found no readable file .*, expected word vectors"):
        actual(tmp_path / "none.vec")
    with pytest.raises(CorpusError, match=r"found no readable file"):
        actual(tmp_path)
