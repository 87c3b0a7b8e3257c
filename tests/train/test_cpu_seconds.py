"""Seconds of runs: what the log has, and those of the runs that one builds on, each once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from polyparse.errors import ConfigError
from tests.train.corpus import write_massive
from tests.train.timed import timed
from tests.train.tiny import SETTINGS, SHORT
from tests.train.training.test_initialisation import opened
from train import cpu_seconds
from train.checkpoint import Checkpoint
from train.cli.train import main

if TYPE_CHECKING:
    from pathlib import Path


def ran(folder: Path, seconds: float, **changes: object) -> Checkpoint:
    """A run that took so long; `changes` say what it builds on."""
    return timed(opened(folder, SHORT), seconds, **changes)


def test_the_seconds_of_a_run_are_those_of_its_epochs_and_stages(tmp_path: Path) -> None:
    checkpoint = opened(tmp_path / "run", SHORT)
    assert cpu_seconds.of_run(checkpoint) == 0.0
    for line in ({"stage": "tables", "seconds": 1.5}, {"joint_weight": 0.3}, {"epoch": 1, "seconds": 2.0}):
        checkpoint.log(line)
    assert cpu_seconds.of_run(checkpoint) == 3.5


@pytest.mark.parametrize("line", ["{'epoch': 2}", "[2]", "\ud83d", 9_999 * "["])
def test_a_line_that_is_no_object_is_named_by_its_file(line: str, tmp_path: Path) -> None:
    checkpoint = ran(tmp_path / "run", 1.0)
    with (checkpoint.folder / "log.jsonl").open("a", encoding="utf-8", errors="surrogatepass") as log:
        log.write(f"{line}\n")
    with pytest.raises(ConfigError, match=r"run/log\.jsonl:2: found no JSON object"):
        cpu_seconds.of_run(checkpoint)


def test_a_line_cut_short_gives_way_to_the_next(tmp_path: Path) -> None:
    """As a run leaves it that was killed, or whose disk was full."""
    checkpoint = ran(tmp_path / "run", 1.0)
    with (checkpoint.folder / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write('{"epoch": 2, "sec')
    assert cpu_seconds.of_run(checkpoint) == 1.0
    checkpoint.log({"epoch": 2, "seconds": 2.0})
    assert cpu_seconds.of_run(checkpoint) == 3.0


def test_a_run_that_several_build_on_counts_once(tmp_path: Path) -> None:
    base = ran(tmp_path / "base", 1.0)
    first, second = (ran(tmp_path / name, 10.0, start=str(base.folder)) for name in ("first", "second"))
    student = ran(tmp_path / "student", 100.0, teachers=(str(first.folder), str(second.folder)))
    parents = {str(base.folder): 1.0, str(first.folder): 10.0, str(second.folder): 10.0}
    assert cpu_seconds.of_parents(student) == parents
    assert cpu_seconds.of_all([student, first]) == {**parents, str(student.folder): 100.0}


def test_what_was_recorded_outlives_the_folders(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone")
    recorded = ran(tmp_path / "recorded", 1.0, start=gone, parent_seconds={gone: 5.0})
    assert cpu_seconds.of_parents(recorded) == {gone: 5.0}
    assert cpu_seconds.of_all([recorded]) == {gone: 5.0, str(recorded.folder): 1.0}


def test_a_run_that_is_gone_and_was_not_recorded_leaves_the_sum_unknown(tmp_path: Path) -> None:
    old = ran(tmp_path / "old", 1.0, start=str(tmp_path / "gone"))
    assert cpu_seconds.of_parents(old) is None
    assert cpu_seconds.of_parents(ran(tmp_path / "student", 1.0, teachers=(str(old.folder),))) is None


def test_a_checkpoint_from_before_these_were_recorded_is_read(tmp_path: Path) -> None:
    checkpoint = opened(tmp_path / "run", SHORT)
    content = json.loads((checkpoint.folder / "run.json").read_text(encoding="utf-8"))
    del content["threads"], content["parent_seconds"]
    (checkpoint.folder / "run.json").write_text(json.dumps(content), encoding="utf-8")
    assert (checkpoint.run().threads, cpu_seconds.of_parents(checkpoint)) == (None, {})


def test_a_run_logs_its_stages_and_records_the_runs_that_it_builds_on(tmp_path: Path) -> None:
    write_massive(tmp_path / "corpus")
    command = ["stm", "--corpus", f"massive:{tmp_path / 'corpus'}", "--quiet", "--threads=1", *SETTINGS]
    teacher, student = (Checkpoint(tmp_path / name) for name in ("teacher", "student"))
    assert main([*command, "--out", str(teacher.folder)]) == 0
    assert main([*command, "--out", str(student.folder), "--teacher", str(teacher.folder)]) == 0
    assert (teacher.run().threads, teacher.run().parent_seconds) == (1, {})
    assert student.run().parent_seconds == {str(teacher.folder): cpu_seconds.of_run(teacher)}
    lines = [json.loads(line) for line in (student.folder / "log.jsonl").read_text("utf-8").splitlines()]
    timed = [line for line in lines if "seconds" in line]
    assert [next(iter(line)) for line in timed] == ["stage", "teachers", "network", "network"]
    assert all(line["seconds"] >= 0.0 and line["cpu_seconds"] >= 0.0 for line in timed)
