"""What is not measured does not pass: a section that fails, lacks a figure, or does not fit into the time."""

from collections.abc import Callable, Iterator, Mapping

import pytest

from benchmarks.check_gpu.sections import Outcome, Section, carried_out
from benchmarks.result import Result, Target

MET = {"figure": Target("==", 1)}


def measures(figures: Mapping[str, float]) -> Callable[[], Mapping[str, float]]:
    return lambda: figures


def breaks() -> Mapping[str, float]:
    raise RuntimeError("CUDA failure 2: out of memory")


def passes(*sections: Section, budget_s: float = 100.0) -> bool:
    outcome = carried_out(sections, budget_s=budget_s, clock=lambda: 0.0)
    return Result("check_gpu", outcome.figures, outcome.targets).passed


def test_all_that_is_measured_and_meets_its_target_passes() -> None:
    assert passes(Section("a", 1.0, measures({"figure": 1.0, "other": 7.0}), MET))
    assert not passes(Section("a", 1.0, measures({"figure": 0.0}), MET))


@pytest.mark.parametrize(
    "section",
    [
        Section("a", 1.0, breaks, MET),
        Section("a", 1.0, measures({"other": 1.0}), MET),
        Section("a", 1.0, measures({}), {}),
        Section("a", 101.0, measures({"figure": 1.0}), MET),
    ],
    ids=["fails", "lacks a figure", "finds nothing", "takes too long"],
)
def test_what_is_not_measured_does_not_pass(section: Section) -> None:
    assert not passes(section)
    outcome = carried_out([section], budget_s=100.0, clock=lambda: 0.0)
    assert outcome.figures == {"a_measured": 0.0}


def test_a_section_that_fails_leaves_the_others_alone() -> None:
    sections = [Section("a", 1.0, breaks, {}), Section("b", 1.0, measures({"figure": 1.0}), MET)]
    outcome = carried_out(sections, budget_s=100.0, clock=lambda: 0.0)
    assert outcome.figures == {"a_measured": 0.0, "b_measured": 1.0, "figure": 1.0}


def test_what_the_time_is_too_short_for_is_left_out_and_what_fits_is_not() -> None:
    now: Iterator[float] = iter([0.0, 0.0, 60.0, 60.0])
    sections = [
        Section(name, seconds, measures({name: 1.0}), {})
        for name, seconds in (("a", 50), ("b", 50), ("c", 30))
    ]
    outcome = carried_out(sections, budget_s=100.0, clock=lambda: next(now))
    assert [outcome.figures[f"{name}_measured"] for name in "abc"] == [1.0, 0.0, 1.0]


def test_whoever_ends_it_early_has_what_there_was_and_no_pass() -> None:
    kept: list[bool] = []

    def keep(outcome: Outcome) -> None:
        kept.append(Result("check_gpu", outcome.figures, outcome.targets).passed)

    sections = [Section(name, 1.0, measures({name: 1.0}), {}) for name in "ab"]
    carried_out(sections, budget_s=100.0, keep=keep, clock=lambda: 0.0)
    assert kept == [False, True]
