"""Plans: what a file says, in an order in which it can be done; what can begin is what waits for nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from polyparse.errors import ConfigError
from train.plan import read_plan, ready
from train.recipes import RECIPES

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


def test_a_run_may_learn_other_tasks_and_have_settings_in_common_with_others(tmp_path: Path) -> None:
    text = """
[runs]
t-a = { also = ["source", "more=slots:x"], set = ["few", "optim.epochs=3"] }
[settings]
few = ["data.subset.size=5", "seed=2"]
"""
    step = read_plan(written(tmp_path, text))["t-a"]
    assert step.also == ("source", "more=slots:x")
    assert step.settings == ("data.subset.size=5", "seed=2", "optim.epochs=3")
    with pytest.raises(
        ConfigError, match=r"runs\.t-a\.set: found 'fewer', expected KEY=VALUE or some of .* few"
    ):
        read_plan(written(tmp_path, text.replace('"few"', '"fewer"')))


def test_the_plan_of_tasks_has_each_recipe_at_three_label_rates() -> None:
    """From all of MASSIVE's other domains to its calendar, with one target for all."""
    steps = read_plan(SHIPPED.with_name("tasks-small.toml"))
    assert list(steps) == [f"t-{name}-{rate}" for rate in (1, 10, 100) for name in ("none", "a", "b", "c")]
    for name, step in steps.items():
        config, rate = step.config(), int(name.rpartition("-")[2]) / 100
        assert config.data == replace(
            RECIPES["t-none"]().data, domains=("calendar",), subset=config.data.subset
        )
        assert (config.data.subset.size or 1.0) == rate
        assert step.also == (() if step.recipe == "t-none" else ("source",))
        for source in config.sharing.data.values():
            assert len({*source.domains, "calendar"}) == 18
