"""Studies as files: what they name exists, what they ask for can be trained, and the shipped ones have their runs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from experiments import resolve
from experiments.data_digest import corpus_files, digest_of
from experiments.resolve import StudyFile, missing_of, todos_of
from experiments.study import PROFILES, base_of, read_study
from polyparse.errors import ConfigError

STUDIES = sorted(Path(__file__).parents[2].joinpath("studies").glob("*.toml"))
PLAN = """
[runs]
source = { recipe = "stm-study" }
a = { recipe = "stm-study" }
b = { recipe = "enctl", start = "source" }
unused = { recipe = "stm" }
"""
STUDY = """
title = "A study"
seeds = [1, 2]
[corpora]
massive = "massive"
[parts.main]
plan = "plan.toml"
corpus = "massive"
locales = ["en-US"]
measured = { unknown_to = ["source"] }
[parts.main.set]
paper = ["optim.epochs=7"]
[rows]
A = { run = "main/a" }
B = { run = "main/b" }
[[tables]]
kind = "absolute"
title = "All"
rows = ["A", "B"]
[[claims]]
row = "B"
than = "A"
measures = ["frame_accuracy"]
"""


def written(folder: Path, text: str = STUDY) -> Path:
    (folder / "plan.toml").write_text(PLAN, encoding="utf-8")
    file = folder / "study.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """No corpus is there."""
    monkeypatch.setattr(resolve, "corpus_files", lambda spec, _locales=None: [spec])
    monkeypatch.setattr(resolve, "digest_of", lambda files: " ".join(map(str, files)))


def file_of(path: Path, profile: str = "small") -> StudyFile:
    study = read_study(path)
    corpora = {name: f"{form}:/nowhere/{name}.{form}" for name, form in study.corpora.items()}
    return StudyFile(study, path, profile, corpora)  # type: ignore[arg-type]  # a profile


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('corpus = "massive"', 'corpus = "atis"', "parts.main: found 'atis', expected one of massive"),
        (
            'massive = "massive"',
            'massive = "csv"',
            "corpora.massive: found 'csv', expected one of massive, slots",
        ),
        ('paper = ["optim', 'large = ["optim', "parts.main: found 'large', expected one of small, paper"),
        ('A = { run = "main/a" }', 'A = { run = "other/a" }', "rows.A: found 'other', expected one of main"),
        ('rows = ["A", "B"]', 'rows = ["A", "C"]', r"tables \(All\): found 'C', expected one of A, B"),
        ('than = "A"', 'than = "A@ain"\nview = 3', "claims"),
        (
            'measures = ["frame_accuracy"]',
            'measures = ["frames"]',
            "claims: found 'frames', expected one of semer",
        ),
        ('A = { run = "main/a" }', 'A = { title = "x" }', "found both or neither of run and runs"),
        ('title = "A study"', "title = 3", "title: found 3, expected a string"),
    ],
)
def test_a_study_that_names_what_is_not_there_is_refused(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        read_study(written(tmp_path, STUDY.replace(old, new)))


@pytest.mark.usefixtures("unread")
def test_a_row_s_run_that_the_plan_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"main/c: found no such run in plan\.toml"):
        todos_of(file_of(written(tmp_path, STUDY.replace('"main/a"', '"main/c"'))))


@pytest.mark.usefixtures("unread")
def test_runs_are_those_of_rows_and_what_they_need_seed_by_seed(tmp_path: Path) -> None:
    todos = todos_of(file_of(written(tmp_path)))
    assert sorted((todo.seed, todo.run) for todo in todos.values()) == [
        (seed, run) for seed in (1, 2) for run in ("a", "b", "source")
    ]
    assert [todo.seed for todo in todos.values()] == [1, 1, 1, 2, 2, 2]
    assert {todo.run for todo in todos.values() if todo.is_measured} == {"a", "b"}
    for todo in todos.values():
        assert todo.step.config().seed == todo.seed
        assert all(todos[parent].seed == todo.seed for parent in todo.step.parents)
    waiting = {todo.run: {todos[parent].run for parent in todo.step.parents} for todo in todos.values()}
    assert waiting == {"source": set(), "a": {"source"}, "b": {"source"}}, "a's view waits for the source too"


@pytest.mark.usefixtures("unread")
def test_a_hash_moves_with_config_data_seed_parents_and_measurement(tmp_path: Path) -> None:
    def hashes(text: str = STUDY, profile: str = "small", plan: str = PLAN) -> dict[tuple[str, int], str]:
        path = written(tmp_path, text)
        (tmp_path / "plan.toml").write_text(plan, encoding="utf-8")
        return {(todo.run, todo.seed): todo.hash for todo in todos_of(file_of(path, profile)).values()}

    before = hashes()
    assert hashes() == before
    assert len(set(before.values())) == 6
    assert not set(hashes(profile="paper").values()) & set(before.values())
    tested = hashes(STUDY.replace("measured = { ", 'measured = { partition = "test", '))
    assert {run for run, seed in before if before[run, seed] != tested[run, seed]} == {"a", "b"}
    started = hashes(
        plan=PLAN.replace(
            'source = { recipe = "stm-study"', 'source = { recipe = "stm-study", set = ["folds=2"]'
        )
    )
    assert {run for run, seed in before if before[run, seed] != started[run, seed]} >= {"source", "b"}


def test_another_text_of_the_corpus_is_another_digest(tmp_path: Path) -> None:
    (tmp_path / "en-US.jsonl").write_text("one", encoding="utf-8")
    spec = f"massive:{tmp_path}"
    digests = [digest_of(corpus_files(spec))]
    (tmp_path / "hi-IN.jsonl").write_text("one", encoding="utf-8")
    digests.append(digest_of(corpus_files(spec)))
    assert digests[0] == digest_of(corpus_files(spec, ["en-US"]))
    assert len(set(digests)) == 2


def test_the_shipped_studies_are_there() -> None:
    assert {"ain", "coling", "manmoe", "semer", "tabc", "vectors"} <= {path.stem for path in STUDIES}


@pytest.mark.usefixtures("unread")
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_every_run_of_a_shipped_study_has_a_config(path: Path, profile: str) -> None:
    file = file_of(path, profile)
    assert missing_of(file) == set()
    todos = todos_of(file)
    networks = [todo.step.config() for todo in todos.values() if todo.command is None]
    assert all(config.optim.average_decay == 0.0 or config.token_crf for config in networks), (
        "as in the papers"
    )
    shown = {base_of(row)[0] for table in file.study.tables for row in table.all_rows}
    assert set(file.study.rows) == shown, "every row is in a table"


@pytest.mark.usefixtures("unread")
def test_the_small_profile_has_the_runs_of_its_plan() -> None:
    """Runs by part over all seeds, as the sizes of the studies were planned."""
    counted = {path.stem: Counter(todo.part for todo in todos_of(file_of(path)).values()) for path in STUDIES}
    assert counted["coling"] == {"transfer": 81, "domains": 1}
    assert counted["ain"] == {"atis": 63, "massive": 8, "commands": 1}
    assert counted["tabc"] == {"domains": 36, "atis": 18, "languages": 12, "names": 12}
    assert counted["manmoe"] == {"small": 30, "text": 12}
    assert counted["vectors"] == {"commands": 20}
