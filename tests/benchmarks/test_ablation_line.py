"""Lines of the ablation are checked when they are read and before they are written."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import ablation
from benchmarks.ablation_line import AblationLine, DevMeasures, append, read
from polyparse.errors import ConfigError
from polyparse.schema import unstructure

DEV = DevMeasures(domain_accuracy=0.9, intent_accuracy=0.85, slot_f1=0.75, exact_match=0.64)
PLAIN = AblationLine(
    way="plain",
    against=None,
    name="plain",
    recipe="stm",
    overrides={},
    locales_trained=("en-US", "hi-IN"),
    git_commit="0" * 40,
    epochs=14,
    train_minutes=17.0,
    parameters=5_000_000,
    dev=DEV,
    network_alone=None,
)
"""A line that the file takes."""


def written(tmp_path: Path, *rows: object) -> Path:
    file = tmp_path / "ablation.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def test_the_committed_file_reads() -> None:
    assert ablation.FILE.exists()
    lines = read(ablation.FILE)
    assert len({line.name for line in lines}) == len(lines)


def test_lines_are_read_as_they_were_appended(tmp_path: Path) -> None:
    file = tmp_path / "ablation.jsonl"
    better = replace(
        PLAIN,
        name="better",
        against="plain",
        overrides={"optim.epochs": 20, "classifier": None},
        network_alone=DEV,
    )
    for line in (PLAIN, better):
        append(file, line)
    assert read(file) == [PLAIN, better]


def test_no_file_has_no_lines(tmp_path: Path) -> None:
    assert read(tmp_path / "absent.jsonl") == []


def test_a_name_stands_once(tmp_path: Path) -> None:
    file = written(tmp_path, unstructure(PLAIN))
    before = file.read_bytes()
    with pytest.raises(ConfigError, match="found 'plain' a second time"):
        append(file, replace(PLAIN, way="another"))
    assert file.read_bytes() == before
    with pytest.raises(ConfigError, match=r"ablation\.jsonl:2: name: found 'plain' a second time"):
        read(written(tmp_path, unstructure(PLAIN), unstructure(PLAIN)))


def test_a_baseline_is_an_earlier_line(tmp_path: Path) -> None:
    orphan = replace(PLAIN, name="orphan", against="absent")
    with pytest.raises(ConfigError, match="found 'absent', expected the name of an earlier line: plain"):
        append(written(tmp_path, unstructure(PLAIN)), orphan)
    itself = replace(PLAIN, against="plain")
    with pytest.raises(ConfigError, match="expected the name of an earlier line: no line"):
        append(tmp_path / "new.jsonl", itself)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"wey": "x"}, "unknown key 'wey'"),
        ({"epochs": "many"}, "epochs: found 'many', expected an integer"),
        ({"epochs": -1}, "epochs: found -1, expected no less than 0"),
        ({"way": " "}, "way: found an empty string"),
        ({"dev": unstructure(DEV) | {"slot_f1": 75.0}}, "slot_f1: found 75.0, expected a fraction"),
        ({"dev": None}, "dev: found None"),
    ],
)
def test_a_wrong_line_is_refused_by_its_number_and_key(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    file = written(tmp_path, unstructure(PLAIN), unstructure(replace(PLAIN, name="other")) | changes)
    with pytest.raises(ConfigError, match=message) as refusal:
        read(file)
    assert f"{file}:2" in str(refusal.value)


def test_a_line_without_json_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "ablation.jsonl"
    file.write_text("way: plain\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"ablation\.jsonl:1: found no JSON"):
        read(file)
