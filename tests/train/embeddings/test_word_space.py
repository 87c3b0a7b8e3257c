"""A word space: what a `.vec` file gives, within a bound, and that writing it gives the same again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from polyparse.errors import ConfigError, CorpusError
from train.embeddings.word_space import WordSpace, read_space, write_space
from train.progress import Progress, SilentProgress

if TYPE_CHECKING:
    from pathlib import Path

QUIET = SilentProgress()


def vec(folder: Path, *lines: str, header: str | None = None) -> Path:
    path = folder / "it.vec"
    path.write_text("\n".join([header or f"{len(lines)} 2", *lines, ""]), encoding="utf-8")
    return path


def test_a_round_trip_keeps_every_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    vectors_VE = (rng.normal(size=(50, 7)) * 10.0 ** rng.integers(-30, 30, size=(50, 7))).astype(np.float32)
    words = ("caffè", "क़लम", "a\u00a0b", "a\u2028b", *(f"w{number}" for number in range(46)))
    write_space(tmp_path / "x.vec", WordSpace(words, vectors_VE))
    space = read_space(tmp_path / "x.vec", limit=50, progress=QUIET)
    assert space.words == words
    np.testing.assert_array_equal(space.vectors_VE, vectors_VE)
    write_space(tmp_path / "y.vec", space)
    assert tmp_path.joinpath("y.vec").read_bytes() == tmp_path.joinpath("x.vec").read_bytes()


def test_words_that_are_not_utf8_keep_their_bytes(tmp_path: Path) -> None:
    tmp_path.joinpath("x.vec").write_bytes(b"1 2\n\xff\xfe 1 2\n")
    write_space(tmp_path / "y.vec", read_space(tmp_path / "x.vec", limit=9, progress=QUIET))
    assert tmp_path.joinpath("y.vec").read_bytes() == b"1 2\n\xff\xfe 1 2\n"


@pytest.mark.parametrize("limit", [1, 2, 3, 99])
def test_the_most_frequent_words_are_read_and_nothing_behind_them(limit: int, tmp_path: Path) -> None:
    """What is damaged behind the bound is not even looked at: the file may be of gigabytes."""
    lines = ["a 1 2", "b 3 4", "c 5 6"]
    path = vec(tmp_path, *lines, *([] if limit > 3 else ["damaged"]))
    assert read_space(path, limit=limit, progress=QUIET).words == ("a", "b", "c")[:limit]


def test_the_first_vector_of_a_repeated_word_is_kept_and_zeros_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = vec(tmp_path, "a 1 2", "b 0 0", "a 3 4", "c 5 6")
    space = read_space(path, limit=9, progress=Progress(quiet=True))
    assert space.words == ("a", "c")
    assert space.vectors_VE.tolist() == [[1, 2], [5, 6]]
    assert capsys.readouterr().out == (
        f"{path}: 2 words of 2 numbers; left out: 1 repeated, 1 with a vector of zeros\n"
    )


def test_a_word_is_found_by_its_normalised_form_and_itself_first(tmp_path: Path) -> None:
    space = read_space(
        vec(tmp_path, "Paris 1 1", "PARIS 2 2", "Rome 3 3", "paris 4 4"), limit=9, progress=QUIET
    )
    assert space.rows == {"paris": 3, "rome": 2}


@pytest.mark.parametrize(
    ("lines", "header", "message"),
    [
        pytest.param(["a 1 2", "b 1"], None, ":3: found a word and 1 numbers, expected 2", id="too few"),
        pytest.param(["a 1 2", "b 1 x"], None, ":3: found .*'x', expected numbers", id="no number"),
        pytest.param(["a 1 inf"], None, ":2: found a number that is not finite", id="not finite"),
        pytest.param(["a 1 2"], "3 2", "found 1 vectors, expected 3 as the first line says", id="cut off"),
        pytest.param(["a 1 2", "b 1 2"], "1 2", "found 2 vectors, expected 1 as the first", id="more"),
        pytest.param(["a 1 2"], "nonsense", ":1: found b'nonsense.*', expected 'COUNT SIZE'", id="header"),
        pytest.param(["a"], "1 0", ":1: found vectors of 0 numbers", id="no numbers"),
        pytest.param(["a 0 0"], None, "found no word with a vector, expected at least one", id="zeros alone"),
        pytest.param(["a 1 2"], "9999999 9999999", ":2: found a word and 2 numbers", id="an untrue header"),
    ],
)
def test_a_damaged_file_is_refused_with_its_line(
    lines: list[str], header: str | None, message: str, tmp_path: Path
) -> None:
    with pytest.raises(CorpusError, match=message):
        read_space(vec(tmp_path, *lines, header=header), limit=200_000, progress=QUIET)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"it.vec: found no readable file"):
        read_space(tmp_path / "it.vec", limit=9, progress=QUIET)


def test_a_word_that_the_format_cannot_hold_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = vec(tmp_path, "a 1 2")
    with pytest.raises(ConfigError, match="found the word 'new york', expected none with a space"):
        write_space(path, WordSpace(("b", "new york"), np.ones((2, 2), np.float32)))
    assert path.read_text() == "1 2\na 1 2\n"
