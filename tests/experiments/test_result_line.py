"""Lines and outcomes are kept whole; the newest line of a run counts; lines of several versions are refused."""

from __future__ import annotations

from dataclasses import replace
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np
import pytest

from experiments.code_version import CodeVersion
from experiments.outcomes import UtteranceOutcomes, read_outcomes, write_outcomes
from experiments.result_line import ResultsFile, check_one_code
from polyparse.errors import ConfigError
from tests.experiments.planted import CODE, outcomes_of, put_line

if TYPE_CHECKING:
    from pathlib import Path

RIGHT = outcomes_of({"en-US": [True, False], "hi-IN": [False, True]}, {"unseen": [True, True, False, True]})


def test_outcomes_come_back_as_they_were_written_and_are_the_same_bytes(tmp_path: Path) -> None:
    digests = [write_outcomes(tmp_path / name, RIGHT) for name in ("a.npz", "b.npz")]
    assert digests[0] == digests[1]
    read = read_outcomes(tmp_path / "a.npz", digests[0])
    assert (read.locales, read.ids, read.test) == (RIGHT.locales, RIGHT.ids, RIGHT.test)
    np.testing.assert_array_equal(read.counts_UC[""], RIGHT.counts_UC[""])
    np.testing.assert_array_equal(read.flags_U["unseen"], RIGHT.flags_U["unseen"])


def test_outcomes_that_are_others_than_their_line_says_are_refused(tmp_path: Path) -> None:
    write_outcomes(tmp_path / "a.npz", RIGHT)
    with pytest.raises(ConfigError, match=r"a\.npz: found sha256 [0-9a-f]+, expected 00"):
        read_outcomes(tmp_path / "a.npz", "00")
    with pytest.raises(ConfigError, match=r"b\.npz: found no outcomes"):
        read_outcomes(tmp_path / "b.npz", "00")


def test_a_line_takes_the_place_of_an_older_one_of_its_run_and_of_its_outcomes(tmp_path: Path) -> None:
    results = ResultsFile(tmp_path, "tiny", "small")
    put_line(results, "a", 1, RIGHT, hash_="1" * 64)
    put_line(results, "a", 2, RIGHT, hash_="2" * 64)
    newer = put_line(results, "a", 1, RIGHT, hash_="3" * 64)
    assert [line.hash[0] for line in results.lines()] == ["3", "2"]
    assert results.lines()[0] == newer
    assert sorted(file.name[0] for file in (tmp_path / "tiny-small").iterdir()) == ["2", "3"]
    assert results.hashes() == {"2" * 64, "3" * 64}


def _put(folder: Path, seed: int) -> None:
    put_line(ResultsFile(folder, "tiny", "small"), "a", seed, RIGHT)


def test_no_line_is_lost_when_several_processes_write(tmp_path: Path) -> None:
    context = get_context("fork")
    processes = [context.Process(target=_put, args=(tmp_path, seed)) for seed in range(1, 9)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [line.seed for line in ResultsFile(tmp_path, "tiny", "small").lines()] == list(range(1, 9))


def test_a_line_that_is_none_is_refused_with_its_number(tmp_path: Path) -> None:
    results = ResultsFile(tmp_path, "tiny", "small")
    put_line(results, "a", 1, RIGHT)
    with results.path.open("a", encoding="utf-8") as file:
        file.write('{"study": "tiny"}\n')
    with pytest.raises(ConfigError, match=r"tiny-small\.jsonl:2: found no key 'profile'"):
        results.lines()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            CodeVersion("d" * 40, "e" * 64, is_dirty=False),
            "found lines of commits c{12} .*a, seed 1.* and d{12} ",
        ),
        (CodeVersion("c" * 40, "e" * 64, is_dirty=False), "found lines of commits c{12} "),
        (replace(CODE, is_dirty=True), "b, seed 1 of code that differed from its commit c{12}"),
    ],
    ids=["another commit", "other files", "changed since"],
)
def test_lines_of_several_versions_or_of_changed_code_are_refused(
    code: CodeVersion, message: str, tmp_path: Path
) -> None:
    results = ResultsFile(tmp_path, "tiny", "small")
    put_line(results, "a", 1, RIGHT)
    check_one_code(results.lines(), where="here")
    put_line(results, "b", 1, RIGHT, code=code)
    with pytest.raises(ConfigError, match=message):
        check_one_code(results.lines(), where="here")


def test_the_digest_of_a_test_tells_which_utterances_it_has() -> None:
    other = UtteranceOutcomes(RIGHT.locales, ["9", *RIGHT.ids[1:]], RIGHT.counts_UC)
    assert other.test != RIGHT.test
