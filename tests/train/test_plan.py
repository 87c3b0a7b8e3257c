"""Plans: what a file says, in an order in which it can be done; what can begin is what waits for nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyparse.errors import ConfigError
from train.plan import read_plan, ready

SHIPPED = Path(__file__).parents[2] / "plans" / "massive-student.toml"
PLAN = """
[runs]
student = { recipe = "second-small", teachers = "all", start = "first", set = ["optim.epochs=3"] }
first = { recipe = "first-student", teachers = "teacher" }
teacher = {}
stm = {}
[ensembles]
both = ["teacher", "stm"]
all = [{ of = "both", weight = 2 }, "first"]
"""


def written(folder: Path, text: str = PLAN) -> Path:
    file = folder / "plan.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_step_knows_its_recipe_its_teachers_as_often_as_they_count_and_its_start(tmp_path: Path) -> None:
    steps = read_plan(written(tmp_path))
    student = steps["student"]
    assert (student.recipe, student.start, student.settings) == ("second-small", "first", ("optim.epochs=3",))
    assert student.teachers == ("teacher", "stm", "teacher", "stm", "first")
    assert student.parents == {"teacher", "stm", "first"}
    assert (steps["stm"].recipe, steps["stm"].parents) == ("stm", set())


def test_settings_of_the_plan_give_way_to_those_of_the_command_line_and_these_to_a_run_s_own(
    tmp_path: Path,
) -> None:
    text = 'set = ["optim.epochs=3", "seed=3"]\n[runs]\nstm = {}\nfew = { set = ["optim.epochs=5"] }'
    steps = read_plan(written(tmp_path, text))
    assert (steps["stm"].config().optim.epochs, steps["stm"].config().seed) == (3, 3)
    assert steps["stm"].config(["optim.epochs=4"]).optim.epochs == 4
    assert steps["few"].config(["optim.epochs=4"]).optim.epochs == 5
    assert steps["stm"].all_settings(["a=1"]) == ("optim.epochs=3", "seed=3", "a=1")
    assert steps["few"].all_settings(["a=1"])[-1] == "optim.epochs=5"


def test_parents_stand_before_those_that_need_them(tmp_path: Path) -> None:
    order = list(read_plan(written(tmp_path)))
    assert order.index("teacher") < order.index("first") < order.index("student")


def test_what_can_begin_waits_for_nothing_and_has_not_begun(tmp_path: Path) -> None:
    steps = read_plan(written(tmp_path))

    def names(finished: str = "", running: str = "", failed: str = "") -> set[str]:
        return {step.name for step in ready(steps, finished.split(), running.split(), failed.split())}

    assert names() == {"teacher", "stm"}
    assert names(running="stm") == {"teacher"}
    assert names(finished="teacher") == {"first", "stm"}
    assert names(finished="teacher first", running="stm") == set()
    assert names(finished="teacher first stm") == {"student"}
    assert names(finished="teacher stm", failed="first") == set()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("runs", "found no plan .*, expected TOML"),
        ("[runs]\nmine = {}", "runs.mine: found recipe 'mine', expected one of stm, "),
        ('[runs]\nstm = { start = "x" }', "runs.stm.start: found 'x', expected a run of this plan"),
        ('[runs]\nstm = { teachers = "x" }', "found 'x' among teachers, expected a run or an ensemble"),
        ('[runs]\nstm = { begin = "x" }', "found the unknown key 'begin'"),
        ('[runs]\nstm = { start = "stm" }', "found runs that wait for each other, stm -> stm, expected none"),
        (
            '[runs]\nstm = { teachers = "a" }\n[ensembles]\na = ["b"]\nb = ["a"]',
            "found 'a' among teachers, expected no ensemble in itself",
        ),
        ('[runs]\nstm = {}\n[ensembles]\na = [{ of = "stm", weight = 0 }]', "weight: found 0"),
    ],
)
def test_what_is_no_plan_is_refused(text: str, message: str, tmp_path: Path) -> None:
    file = written(tmp_path, text)
    with pytest.raises(ConfigError, match=message):
        read_plan(file)


def test_the_shipped_student_learns_from_both_generations_and_the_aligned_teachers() -> None:
    steps = read_plan(SHIPPED)
    first = ("teacher-classifier", "teacher", "teacher-smoothed", "teacher-swapped")
    ensemble = (*first, "teacher-characters", "first-student", *3 * ["second-large"])
    aligned = ("teacher-aligned", "teacher-characters-aligned")
    everything = (*ensemble, *3 * ["second-small"], "second-gated", *3 * aligned)
    assert steps["first-student"].teachers == first
    assert steps["second-large"].teachers == ensemble[:6]
    assert steps["second-gated"].teachers == ensemble
    for name, start in (("student", None), ("student-continued", "student")):
        assert (steps[name].teachers, steps[name].start) == (everything, start)
    assert list(steps)[-1] == "student-continued-twice"
    assert all(step.recipe == name for name, step in steps.items())
