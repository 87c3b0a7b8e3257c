"""A result passes when every target is met, and says the same in its JSON, its table and the exit status."""

import json
from pathlib import Path

import pytest

from benchmarks import command
from benchmarks.errors import MeasurementFailed
from benchmarks.result import OPERATORS, Result, Target

FIGURES = {"rate": 0.8, "ms": 0.5, "seen": 3}


@pytest.mark.parametrize(
    ("operator", "bound", "met"),
    [
        ("<=", 0.8, True),
        ("<=", 0.79, False),
        (">=", 0.8, True),
        (">=", 0.81, False),
        ("==", 0.8, True),
        ("==", 0, False),
    ],
)
def test_a_target_is_met_as_its_operator_says(operator: str, bound: float, met: bool) -> None:
    result = Result("some", FIGURES, {"rate": Target(operator, bound)})
    assert result.passed is met
    assert operator in OPERATORS


def test_one_missed_target_fails_the_whole() -> None:
    targets = {"rate": Target(">=", 0.75), "ms": Target("<=", 0.4)}
    assert not Result("some", FIGURES, targets).passed
    assert Result("some", FIGURES, {"rate": targets["rate"]}).passed
    assert Result("some", FIGURES).passed


def test_a_target_without_a_figure_is_refused() -> None:
    with pytest.raises(ValueError, match="rss_mb"):
        Result("some", FIGURES, {"rss_mb": Target("<=", 300)})


def test_a_figure_that_is_no_number_meets_no_target_and_is_not_written(tmp_path: Path) -> None:
    result = Result("some", {"ms": float("nan")}, {"ms": Target("<=", 1)})
    assert not result.passed
    with pytest.raises(ValueError, match="JSON"):
        result.write(tmp_path / "some.json")


def test_the_json_has_the_agreed_keys(tmp_path: Path) -> None:
    file = tmp_path / "new" / "some.json"
    Result("some", FIGURES, {"rate": Target(">=", 0.75)}).write(file)
    assert json.loads(file.read_text(encoding="utf-8")) == {
        "benchmark": "some",
        "figures": FIGURES,
        "targets": {"rate": [">=", 0.75]},
        "pass": True,
    }


def test_the_table_shows_each_figure_and_names_what_is_missed() -> None:
    lines = Result("some", FIGURES, {"rate": Target(">=", 0.9)}).table().splitlines()
    assert lines[0] == "some: FAIL"
    assert [line.split()[0] for line in lines[1:]] == ["figure", *FIGURES]
    assert [line.split()[-1] for line in lines if "MISSED" in line] == ["MISSED"]


@pytest.mark.parametrize(("bound", "status"), [(0.75, 0), (0.9, 1)])
def test_the_exit_status_says_whether_targets_are_met(
    bound: float, status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "some.json"
    assert command.run(lambda: Result("some", FIGURES, {"rate": Target(">=", bound)}), json=file) == status
    assert json.loads(file.read_text(encoding="utf-8"))["pass"] is (status == 0)
    assert "rate" in capsys.readouterr().out


def test_what_cannot_be_measured_is_refused_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure() -> Result:
        raise MeasurementFailed("found no server")

    assert command.run(measure, json=tmp_path / "some.json") == 2
    assert "found no server" in capsys.readouterr().err
    assert not (tmp_path / "some.json").exists()


@pytest.mark.parametrize("given", ["0", "-1", "two"])
def test_a_count_is_a_whole_number_from_one(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = command.parser("benchmarks.some", None)
    command.counts(parser, ("--rounds", 3, "rounds"))
    assert parser.parse_args([]).rounds == 3
    with pytest.raises(SystemExit):
        parser.parse_args(["--rounds", given])
    assert "--rounds" in capsys.readouterr().err
