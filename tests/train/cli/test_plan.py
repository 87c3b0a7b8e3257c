"""Carrying out a plan: parents first, at most so many at once, again from where it stood, and a report at the end."""

from __future__ import annotations

import json
import os
import sys
from fcntl import LOCK_EX, flock
from typing import TYPE_CHECKING, Any

import pytest

from polyparse.cli.main import main
from polyparse.errors import ConfigError
from polyparse.schema import override, structure
from tests.train.test_plan import SHIPPED
from train.checkpoint import Checkpoint
from train.cli import plan, train
from train.cli.plan import PlanRunner
from train.config import RunConfig
from train.plan import PlanStep, read_plan
from train.recipes import RECIPES
from train.run_record import RunRecord

if TYPE_CHECKING:
    from pathlib import Path

FINISHES = """
import pathlib, sys
folder, others = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[1]).parent.glob("*.runs")
with open(folder.parent / "begun", "a") as begun:
    begun.write(f"{folder.name} {len(list(others))}\\n")
(marker := folder.parent / f"{folder.name}.runs").touch()
folder.mkdir(exist_ok=True)
failing = folder.name == sys.argv[2]
if not failing:
    (folder / "measures.json").write_text('{"mean": {"exact_match": 0.5}}')
marker.unlink()
sys.exit(failing)
"""


class Stub(PlanRunner):
    """Each run leaves its measures and says which others were running; the one that is named fails."""

    failing = ""

    def command(self, step: PlanStep) -> list[str]:
        return [sys.executable, "-S", "-c", FINISHES, str(self.out / step.name), self.failing]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "POLL_S", 0.001)


def step(name: str, *teachers: str, start: str | None = None) -> PlanStep:
    return PlanStep(name, "stm", teachers, start, ())


STEPS = {one.name: one for one in (step("a"), step("b"), step("c", "a", "b"), step("d", "a", start="c"))}


def begun(folder: Path) -> list[str]:
    return [line.split()[0] for line in (folder / "begun").read_text(encoding="utf-8").splitlines()]


def test_parents_are_finished_before_a_run_begins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert Stub(STEPS, tmp_path, [], jobs=2).run() == 0
    assert set(begun(tmp_path)[:2]) == {"a", "b"}
    assert begun(tmp_path)[2:] == ["c", "d"]
    assert capsys.readouterr().out.splitlines()[-4:] == [
        f"{name}  finished, exact match on dev 0.5000" for name in "abcd"
    ]


def test_one_job_is_one_run_at_a_time(tmp_path: Path) -> None:
    Stub(STEPS, tmp_path, [], jobs=1).run()
    lines = (tmp_path / "begun").read_text(encoding="utf-8").splitlines()
    assert [line.split()[1] for line in lines] == ["0"] * 4


def finished(folder: Path, config: RunConfig, **parents: Any) -> None:
    """Leave a finished run of a plan in another place than where it was."""
    folder.mkdir()
    record = RunRecord(config, "massive:x", ("en-US",), "abc", {}, "2025-01-01T00:00:00+00:00", **parents)
    checkpoint = Checkpoint(folder)
    checkpoint.save("run", record)
    checkpoint.save("measures", {"mean": {"exact_match": 0.5}})


def test_what_is_finished_is_not_run_again(tmp_path: Path) -> None:
    finished(tmp_path / "a", RECIPES["stm"]())
    assert Stub(STEPS, tmp_path, [], jobs=2).run() == 0
    assert begun(tmp_path) == ["b", "c", "d"]


def test_what_is_finished_otherwise_than_the_plan_has_it_is_refused_before_anything_begins(
    tmp_path: Path,
) -> None:
    config = RECIPES["stm"]()
    finished(tmp_path / "a", config)
    finished(tmp_path / "c", config, teachers=("elsewhere/a", "elsewhere/b"))
    with pytest.raises(ConfigError, match=r"c: found .* teachers \['a', 'b'\], expected \['b', 'a'\]"):
        Stub({**STEPS, "c": step("c", "b", "a")}, tmp_path, [], jobs=2).run()
    with pytest.raises(ConfigError, match=r"a: found .* config\.seed 1, expected 2"):
        Stub(STEPS, tmp_path, [], jobs=2, settings=["seed=2"]).run()
    with pytest.raises(ConfigError, match=r"runs\.e: sed=2: found the unknown key 'sed'"):
        Stub({**STEPS, "e": PlanStep("e", "stm", (), None, ("sed=2",))}, tmp_path, [], jobs=2).run()
    assert not (tmp_path / "begun").exists()
    assert Stub(STEPS, tmp_path, [], jobs=2).run() == 0
    assert set(begun(tmp_path)) == {"b", "d"}


@pytest.mark.parametrize("is_finished", [True, False], ids=["which finishes", "which is killed"])
def test_a_run_that_outlived_its_plan_is_waited_for(
    is_finished: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It counts among those at once; what it leaves is finished, or goes on."""
    (tmp_path / "a").mkdir()
    descriptor = os.open(tmp_path / "a", os.O_RDONLY)
    flock(descriptor, LOCK_EX)
    polls = []

    def waited(_seconds: float) -> None:
        polls.append(begun(tmp_path) if (tmp_path / "begun").exists() else [])
        if len(polls) == 3:
            if is_finished:
                (tmp_path / "a" / "measures.json").write_text('{"mean": {}}', encoding="utf-8")
            os.close(descriptor)

    monkeypatch.setattr(plan, "sleep", waited)
    assert Stub(STEPS, tmp_path, [], jobs=1).run() == 0
    assert polls[:3] == [[], [], []], "one at once, and that one is elsewhere"
    assert begun(tmp_path).count("a") == (0 if is_finished else 1)
    assert capsys.readouterr().out.splitlines()[0] == "a: goes on in another process"


def test_a_failure_keeps_those_from_beginning_that_need_it_and_no_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runner = Stub(STEPS, tmp_path, [], jobs=2)
    runner.failing = "b"
    assert runner.run() == 1
    assert sorted(begun(tmp_path)) == ["a", "b"]
    report = capsys.readouterr().out.splitlines()[-4:]
    assert report[1] == f"b  failed, see {tmp_path}/b.log"
    assert report[2:] == [f"{name}  not begun, for a run that it needs has failed" for name in "cd"]


def test_the_command_of_a_run_is_one_that_train_understands(tmp_path: Path) -> None:
    one = PlanStep("mine", "stm", ("a", "b", "a"), "c", ("optim.epochs=3",), of_plan=("folds=2",))
    runner = PlanRunner({}, tmp_path, ["--corpus=massive:x", "--threads=1"], jobs=1, settings=["seed=2"])
    command = runner.command(one)
    assert command[1:4] == ["-m", "polyparse", "train"]
    options = train._parser().parse_args(command[4:])
    assert (options.recipe, options.out, options.corpus) == ("stm", f"{tmp_path}/mine", "massive:x")
    assert options.teacher == [f"{tmp_path}/{name}" for name in "aba"]
    assert (options.start, options.set, options.resume) == (
        f"{tmp_path}/c",
        ["folds=2", "seed=2", "optim.epochs=3"],
        True,
    )
    assert options.soft_targets == f"{tmp_path}/.soft-targets"


def test_another_task_has_the_corpus_of_the_plan_or_one_of_its_own(tmp_path: Path) -> None:
    one = PlanStep("mine", "t-a", (), None, (), also=("source", "more=slots:y"))
    runner = PlanRunner({}, tmp_path, ["--corpus=massive:x"], jobs=1)
    options = train._parser().parse_args(runner.command(one)[4:])
    assert options.also == ["source=massive:x", "more=slots:y"]


def test_a_finished_run_with_other_tasks_than_the_plans_is_refused(tmp_path: Path) -> None:
    finished(tmp_path / "a", RECIPES["stm"](), also=("source=elsewhere",))
    steps = {"a": PlanStep("a", "stm", (), None, (), also=("source",))}
    assert Stub(steps, tmp_path, [], jobs=1).run() == 0
    with pytest.raises(ConfigError, match=r"a: found .* also \['source'\], expected \[\]"):
        Stub({"a": step("a")}, tmp_path, [], jobs=1).run()


def test_a_plan_needs_a_corpus_and_a_folder_and_no_recipe(tmp_path: Path) -> None:
    for arguments in (["--out", str(tmp_path)], ["stm", "--corpus=massive:x", "--out", str(tmp_path)]):
        with pytest.raises(ConfigError, match="expected what runs have in common"):
            train.main(["--plan", "plan.toml", *arguments])


def test_a_plan_is_shown_with_teachers_weights_and_whole_configs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--plan", str(SHIPPED), "--show", "--set", "optim.epochs=7"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert list(shown) == list(read_plan(SHIPPED))
    student = shown["student-continued"]
    assert student["start"] == "student"
    assert student["teachers"]["second-large"] == 3
    assert student["teachers"]["teacher"] == 1
    config = structure(RunConfig, student["config"], where="shown")
    assert config == override(RECIPES["student-continued"](), ["optim.epochs=7"])


@pytest.mark.parametrize("recipe", ["student-continued-twice", "stm-small"])
def test_what_is_shown_is_the_whole_config(recipe: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", recipe, "--show", "--set", "optim.epochs=7"]) == 0
    shown = structure(RunConfig, json.loads(capsys.readouterr().out), where="shown")
    assert shown == override(RECIPES[recipe](), ["optim.epochs=7"])
    assert shown.optim.epochs == 7
