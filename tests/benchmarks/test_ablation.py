"""The ablation's tables: gains on each baseline in points, and the command that adds lines to the file."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import ablation
from benchmarks.ablation_line import AblationLine, DevMeasures, append, read
from polyparse.schema import unstructure


def line(name: str, exact_match: float, *, against: str | None = None, **changes: object) -> AblationLine:
    dev = DevMeasures(
        domain_accuracy=0.9,
        intent_accuracy=exact_match + 0.2,
        slot_f1=exact_match + 0.1,
        exact_match=exact_match,
    )
    built = AblationLine(
        way=f"way of {name}",
        against=against,
        name=name,
        recipe="stm",
        overrides={},
        locales_trained=("en-US",),
        git_commit="0" * 40,
        epochs=14,
        train_minutes=17.2,
        parameters=5_000_000,
        dev=dev,
        network_alone=replace(dev, exact_match=exact_match - 0.02),
    )
    return replace(built, **changes)  # type: ignore[arg-type]  # of its fields


def cells(table: str, name: str) -> list[str]:
    """What stands after way and name in a row of a table."""
    (row,) = [row for row in table.splitlines() if row.startswith(f"way of {name} ")]
    return row.split()[4:]


def test_a_gain_is_in_points_of_the_baseline() -> None:
    lines = [line("plain", 0.6), line("better", 0.625, against="plain"), line("worse", 0.59, against="plain")]
    absolute, gains = ablation.tables(lines).split("\n\n")
    assert cells(absolute, "plain") == ["60.00", "80.00", "70.00", "58.00", "17"]
    assert cells(gains, "better") == ["+2.50", "+2.50", "+2.50", "+2.50", "17"]
    assert cells(gains, "worse") == ["-1.00", "-1.00", "-1.00", "-1.00", "17"]
    assert "points gained on plain (way of plain: Exact match 60.00" in gains


def test_lines_stand_under_their_baseline_in_the_order_of_the_file() -> None:
    lines = [
        line("one", 0.6),
        line("two", 0.6),
        line("of-two", 0.61, against="two"),
        line("of-one", 0.62, against="one"),
        line("also-of-two", 0.63, against="two"),
    ]
    groups = ablation.tables(lines).split("\n\n")
    names = [[row.split()[3] for row in group.splitlines()[2:]] for group in groups]
    assert names == [["one", "two"], ["of-two", "also-of-two"], ["of-one"]]


def test_what_is_not_known_is_not_made_up() -> None:
    """Averaging networks takes no training, and a mean over other locales says nothing of the network alone."""
    lines = [
        line("plain", 0.6, network_alone=None),
        line("averaged", 0.61, against="plain", train_minutes=None, recipe=None, epochs=None),
    ]
    absolute, gains = ablation.tables(lines).split("\n\n")
    assert cells(absolute, "plain")[-2:] == ["-", "17"]
    assert cells(gains, "averaged")[-2:] == ["-", "-"]


def test_a_file_without_lines_says_how_to_add_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ablation.main(["--file", str(tmp_path / "absent.jsonl")]) == 0
    assert "--add CHECKPOINT" in capsys.readouterr().out


def test_measures_of_what_is_no_run_are_added_from_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, measures = tmp_path / "ablation.jsonl", tmp_path / "averaged.json"
    append(file, line("plain", 0.6))
    added = line("averaged", 0.65, against="plain", recipe=None, epochs=None, train_minutes=None)
    measures.write_text(json.dumps(unstructure(added), indent=1), encoding="utf-8")
    requested = ["--file", str(file), "--add-measures", str(measures)]
    assert ablation.main(requested) == 0
    assert "+5.00" in capsys.readouterr().out
    assert read(file)[-1] == added
    assert ablation.main(requested) == 2
    assert "refused: " in capsys.readouterr().err
    assert len(read(file)) == 2


@pytest.mark.parametrize(
    "requested",
    [
        ["--add", "x"],
        ["--way", "x"],
        ["--add-measures", "x", "--name", "y"],
        ["--add", "x", "--add-measures", "y"],
    ],
)
def test_options_that_do_not_go_together_are_refused(requested: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        ablation.main(["--file", str(tmp_path / "new.jsonl"), *requested])
    assert stopped.value.code == 2


@pytest.mark.parametrize("requested", [["--add", "absent", "--way", "x"], ["--add-measures", "absent.json"]])
def test_what_is_not_there_is_refused(
    requested: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert ablation.main(["--file", "new.jsonl", *requested]) == 2
    assert "refused: " in capsys.readouterr().err
    assert not Path("new.jsonl").exists()
