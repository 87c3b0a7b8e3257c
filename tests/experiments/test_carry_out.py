"""A study of two rows and two seeds, carried out on a tiny corpus: cut in the middle, gone on with, reported."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest

from experiments.cli import main
from experiments.code_version import ROOT
from experiments.result_line import ResultsFile
from polyparse.errors import ConfigError
from tests.train.corpus import write_massive

if TYPE_CHECKING:
    from pathlib import Path

    from experiments.result_line import ResultLine

PLAN = """
set = [
    "classifier.min_feature_count=1",
    "joint.embedder.word_size=8",
    "joint.embedder.character_filters=2",
    "joint.embedder.min_word_count=1",
    "joint.encoder.hidden_size=8",
    "joint.mlp_size=8",
    "optim.epochs=2",
]
[runs]
started = { recipe = "encdectl", start = "plain" }
[runs.plain]
recipe = "stm-study"
set = [
    "joint.embedder.freeze_words=true",
    'data.locales.source=["en-US"]',
    'data.withheld.intents=["music_louder"]',
]
"""
STUDY = r'''
title = "Two rows, two seeds"
seeds = [1, 2]
[corpora]
massive = "massive"
[parts.main]
plan = "plan.toml"
corpus = "massive"
locales = ["en-US", "hi-IN"]
measured = { partition = "test", decoders = true, unknown_to = ["plain"] }
[commands.numbers]
run = [["-c", "open('{folder}/first', 'w').write('1')"], ["-c", """
import sys, json
one = int(open('{folder}/first').read())
with open(sys.argv[1], 'w') as file: json.dump(dict(one=one, of=dict(length=len(sys.argv[2]), none=None)), file)
""", "{json}", "{massive}"]]
corpora = ["massive"]
[rows]
plain = { run = "main/plain" }
started = { run = "main/started" }
[[tables]]
kind = "relative"
title = "Relative"
rows = ["plain", "started"]
baseline = "plain"
[[tables]]
kind = "grid"
title = "Decoders"
down = ["plain", "started"]
across = ["viterbi", "ain", "emissions"]
join = "@"
[[tables]]
kind = "figures"
title = "Numbers"
commands = ["numbers"]
[[tables]]
kind = "figures"
title = "Of each command a line"
commands = ["numbers"]
across = ["one", "none"]
[[claims]]
row = "started"
than = "plain"
measures = ["frame_accuracy"]
'''

pytestmark = pytest.mark.skipif(
    not (ROOT / ".git").exists(), reason="no clone: results could not name their commit"
)


class CarriedOut(NamedTuple):
    """The study's file and what its commands were given, its results, and its lines when it was cut and at the end."""

    study: Path
    given: list[str]
    results: ResultsFile
    cut: list[ResultLine]
    lines: list[ResultLine]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> CarriedOut:
    """Cut by SIGTERM after its first run, then gone on with."""
    folder = tmp_path_factory.mktemp("studies")
    study = written(folder)
    given = [f"--corpus=massive={write_massive(folder / 'massive')}", f"--out={folder / 'runs'}"]
    results = ResultsFile(folder / "results", "tiny", "small")
    command = [sys.executable, "-m", "polyparse", "experiments", "run", str(study), *given]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:  # noqa: S603
        assert process.stdout is not None
        for printed in process.stdout:
            if printed.startswith("main.plain.1.") and "finished" in printed:
                break
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
    assert process.returncode == 143
    cut = results.lines()
    assert main(["run", str(study), *given]) == 0
    return CarriedOut(study, given, results, cut, results.lines())


def written(folder: Path) -> Path:
    (folder / "plan.toml").write_text(PLAN, encoding="utf-8")
    study = folder / "tiny.toml"
    study.write_text(STUDY, encoding="utf-8")
    return study


def test_a_study_that_was_cut_goes_on_and_does_nothing_twice(done: CarriedOut) -> None:
    assert ("main", "plain", 1) in {line.name for line in done.cut}
    assert len(done.cut) < 5
    runs = [("main", run, seed) for run in ("plain", "started") for seed in (1, 2)]
    assert [line.name for line in done.lines] == [("commands", "numbers", 0), *runs]
    assert [line for line in done.lines if line in done.cut] == done.cut


def test_what_is_done_is_listed_as_done(done: CarriedOut, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(done.study), *done.given, "--list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert len(listed) == 5
    assert all(line.startswith("done ") for line in listed)


def test_a_line_has_measures_by_decoder_outcomes_and_costs(done: CarriedOut) -> None:
    for line in done.lines[1:]:
        outcomes = done.results.outcomes(line)
        assert line.measures[""]["en-US"].keys() == line.measures["viterbi"]["mean"].keys()
        assert set(outcomes.flags_U) - {"unknown to plain"} == {"unseen"}
        assert outcomes.flags_U["unseen"].all()
        assert (len(outcomes.ids), line.epochs) == (4, 2)
        assert line.parse_cpu_s is not None
        assert f"seed={line.seed}" in line.settings


def test_a_command_s_line_has_its_figures(done: CarriedOut) -> None:
    length = len(done.given[0].removeprefix("--corpus=massive="))
    assert done.lines[0].figures == {"one": 1, "of.length": length}


def test_the_results_are_reported_and_a_mix_of_commits_is_refused(done: CarriedOut, tmp_path: Path) -> None:
    results = ResultsFile(tmp_path, "tiny", "small")
    report = ["report", str(done.study), f"--results={tmp_path}", "--out", str(tmp_path / "report")]
    shutil.copytree(done.results.path.parent, tmp_path, dirs_exist_ok=True)
    for line in done.lines:
        results.put(replace(line, code=replace(line.code, is_dirty=False)))
    assert main(report) == 0
    text = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    assert "\n| plain | 2 | " in text
    assert "\n| numbers | one | 1 |\n" in text
    assert "\n| command | one | none |\n" in text
    assert "\n| numbers | 1 | – |\n" in text
    assert "| started v plain | Frame accuracy | mean of en-US, hi-IN | 2/2 |" in text
    last = done.lines[-1]
    results.put(replace(last, code=replace(last.code, commit="d" * 40, is_dirty=False)))
    with pytest.raises(ConfigError, match="found lines of commits"):
        main(report)


def test_what_is_not_given_and_what_changed_since_is_refused(tmp_path: Path) -> None:
    study = written(tmp_path)
    with pytest.raises(ConfigError, match=r"found no corpus massive, expected --corpus massive=massive:PATH"):
        main(["run", str(study)])
    with pytest.raises(ConfigError, match=r"--corpus: found massive=slots:x, expected massive=massive:PATH"):
        main(["run", str(study), "--corpus=massive=slots:x"])
    corpus = f"--corpus=massive={write_massive(tmp_path / 'massive')}"
    with pytest.raises(
        ConfigError, match=r"found no step 'main\.plain\.1\.0', expected one of the study as it is now"
    ):
        main(["job", "main.plain.1.0", str(study), corpus])
