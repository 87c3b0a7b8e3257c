"""`polyparse train`: what it prints and refuses, how Ctrl-C ends it, and how `--resume` goes on."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from polyparse.cli.main import main as polyparse
from polyparse.errors import ConfigError, CorpusError
from tests.train.corpus import LOCALES, examples, write_conll, write_massive, write_slots
from tests.train.tiny import SETTINGS
from train.checkpoint import Checkpoint
from train.cli.train import main
from train.finished import networks_of
from train.progress import Progress
from train.recipes import RECIPES

if TYPE_CHECKING:
    from collections.abc import Callable

    Train = Callable[..., int]


@pytest.fixture(scope="session")
def massive(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_massive(tmp_path_factory.mktemp("corpus") / "massive")


@pytest.fixture
def train(massive: str, tmp_path: Path) -> Train:
    """Runs `stm`, tiny, on the test corpus into tmp_path/run, unless told otherwise."""

    def run(*more: str, recipe: str = "stm", corpus: str = massive, out: str = "run") -> int:
        where = ["--corpus", corpus, "--out", str(tmp_path / out)]
        return main([recipe, *where, "--threads=1", "--quiet", *SETTINGS, *more])

    return run


def log(folder: Path) -> list[dict[str, Any]]:
    """Its lines, without the seconds that epochs took."""
    lines = folder.joinpath("log.jsonl").read_text(encoding="utf-8").splitlines()
    return [{key: value for key, value in json.loads(line).items() if "seconds" not in key} for line in lines]


def test_a_list_names_every_recipe_and_says_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert polyparse(["train", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(RECIPES)
    assert all(len(line.split()) > 4 for line in lines)
    assert len({line.index(line.split()[1], len(line.split()[0])) for line in lines}) == 1


def test_locales_that_are_not_trained_on_help_to_align_words(train: Train, tmp_path: Path) -> None:
    """The same two locales, of a corpus that has four and, twice, of one that has no others."""
    two = LOCALES[:2]
    other = write_massive(tmp_path / "two")
    for locale in LOCALES[2:]:
        (tmp_path / "two" / f"{locale}.jsonl").unlink()
    options = (
        f"--locales={','.join(two)}",
        "--set=joint.embedder.word_vectors=aligned",
        "--set=optim.epochs=1",
    )
    assert train(*options, out="four") == 0
    assert train(*options, out="alone", corpus=other) == 0
    assert train(*options, out="again", corpus=other) == 0
    four, alone, again = (Checkpoint(tmp_path / out) for out in ("four", "alone", "again"))
    assert four.tables().vocabulary == alone.tables().vocabulary
    vectors = [run.word_vectors() for run in (four, alone, again)]
    four_NE, alone_NE, again_NE = (actual.vectors_NE for actual in vectors if actual is not None)
    np.testing.assert_array_equal(alone_NE, again_NE)
    assert not np.allclose(four_NE, alone_NE, atol=1e-3)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_is_recorded_under_its_name(recipe: str) -> None:
    assert RECIPES[recipe]().recipe == recipe


def test_a_run_ends_with_its_measures(
    train: Train, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train() == 0
    out = capsys.readouterr().out.splitlines()
    checkpoint = Checkpoint(tmp_path / "run")
    mean = checkpoint.read("measures")["mean"]
    assert [line.split()[:2] for line in out[:-1]] == [["all", "1:"], ["all", "2:"]]
    assert out[-1].startswith(f"dev: exact_match {mean['exact_match']:.4f}, intent_accuracy")
    assert f", domain_accuracy {mean['domain_accuracy']:.4f}, " in out[-1]
    assert out[-1].endswith("utterances 8")
    assert checkpoint.dev() == examples("dev")


def test_a_run_says_where_it_comes_from(train: Train, massive: str, tmp_path: Path) -> None:
    train("--locales=it-IT,en-US", "--set=seed=7")
    run = Checkpoint(tmp_path / "run").run()
    assert run.corpus == massive
    assert run.locales == ("it-IT", "en-US")
    assert run.config.recipe == "stm"
    assert run.config.seed == 7
    assert run.config.optim.epochs == 2
    assert set(run.libraries) == {"torch", "numpy", "scipy"}
    assert re.fullmatch(r"[0-9a-f]{40}|unknown", run.git_commit)


def test_all_locales_are_trained_on_unless_some_are_named(train: Train, tmp_path: Path) -> None:
    train()
    assert Checkpoint(tmp_path / "run").run().locales == tuple(sorted(LOCALES))


@pytest.mark.parametrize("write", [write_slots, write_conll])
def test_corpora_without_domains_or_intents_are_trained(
    write: Callable[[Path], str], train: Train, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train("--locales=en-US", corpus=write(tmp_path / "corpus")) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert "domain_accuracy" not in last
    assert ("intent_accuracy" in last) == (write is write_slots)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nope", "--corpus=x", "--out=y"], "found recipe 'nope', expected one of stm"),
        (["stm", "--corpus=x"], "found no RECIPE, --corpus or --out, expected all three"),
        ([], "found no RECIPE"),
        (
            ["stm", "--corpus=x", "--out=y", "--set=optim.epoch=3"],
            "unknown key 'epoch', expected one of optimiser",
        ),
        (
            ["stm", "--corpus=x", "--out=y", "--set=optim.epochs=many"],
            "optim.epochs: found 'many', expected an integer",
        ),
        (["stm", "--corpus=x", "--out=y", "--set=optim.epochs=0"], "epochs: found 0, expected at least 1"),
        (
            ["stm", "--corpus=x", "--out=y", "--set=joint.head=crff"],
            "joint.head: found 'crff', expected one of",
        ),
        (
            ["stm", "--corpus=x", "--out=y", "--set=joint.mlp_dropout=1"],
            "found 1.0, expected at least 0 and less than 1",
        ),
        (
            ["stm", "--corpus=x", "--out=y", "--set=joint_weight=1.5"],
            "joint_weight: found 1.5, expected 0 to 1, or null",
        ),
        (["stm", "--corpus=x", "--out=y", "--set=seed=-1"], "seed: found -1, expected at least 0"),
        (["stm", "--corpus=x", "--out=y", "--set=seed"], "found 'seed', expected KEY=VALUE"),
        (["per-domain", "--corpus=x", "--out=y", "--set=classifier=null"], "per-domain without a classifier"),
        (["stm", "--corpus=x", "--out=y"], "found 'x', expected FORMAT:PATH"),
    ],
)
def test_what_is_wrong_is_named_before_anything_is_written(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert polyparse(["train", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_corpus_that_is_not_there_leaves_no_folder(train: Train, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"found no \*\.jsonl file"):
        train(corpus=f"massive:{tmp_path}")
    assert not (tmp_path / "run").exists()


def test_a_finished_run_is_not_overwritten(train: Train) -> None:
    train()
    with pytest.raises(ConfigError, match=r"run: found a checkpoint, expected an empty folder \(or --resume"):
        train()


def test_a_folder_of_other_things_is_left_alone(train: Train, tmp_path: Path) -> None:
    (tmp_path / "run" / "photos").mkdir(parents=True)
    with pytest.raises(ConfigError, match="found a folder of other files, expected an empty or a new folder"):
        train()


@pytest.mark.parametrize(
    ("change", "more", "message"),
    [
        ({}, ["--set=optim.epochs=3"], "config.optim.epochs 2, expected 3;"),
        ({}, ["--locales=en-US"], "locales ['en-US', 'es-ES', 'hi-IN', 'it-IT'], expected ['en-US'];"),
        ({"recipe": "stm-ain"}, [], "config.recipe 'stm', expected 'stm-ain';"),
    ],
)
def test_only_the_same_run_is_gone_on_with(
    change: dict[str, str], more: list[str], message: str, train: Train, tmp_path: Path
) -> None:
    train()
    before = (tmp_path / "run" / "run.json").read_bytes()
    with pytest.raises(ConfigError, match=re.escape(message)):
        train("--resume", *more, **change)
    assert (tmp_path / "run" / "run.json").read_bytes() == before


def test_a_corpus_whose_labels_changed_is_not_gone_on_with(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_massive(tmp_path / "corpus")
    train(corpus="massive:corpus")
    file = tmp_path / "corpus" / "en-US.jsonl"
    file.write_text(
        file.read_text(encoding="utf-8").replace("[date : today]", "[day : today]"), encoding="utf-8"
    )
    with pytest.raises(ConfigError, match="found other labels in the corpus than in the checkpoint"):
        train("--resume", corpus="massive:corpus")


def test_a_finished_run_that_is_resumed_says_the_same(
    train: Train, capsys: pytest.CaptureFixture[str]
) -> None:
    train()
    first = capsys.readouterr().out.splitlines()[-1]
    assert train("--resume") == 0
    assert capsys.readouterr().out.splitlines() == [first]


def test_what_a_finished_run_has_not_held_out_is_held_out_when_it_is_resumed(
    train: Train, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train("--set=folds=2") == 0
    assert len(capsys.readouterr().out.splitlines()) == 3, "nothing is said of the epochs of folds"
    file = tmp_path / "run" / "held_out.npz"
    held_out = file.read_bytes()
    assert log(file.parent)[-1] == {"stage": "held-out answers"}
    file.unlink()
    assert train("--set=folds=2", "--resume") == 0
    assert file.read_bytes() == held_out


def test_a_run_that_was_refused_can_be_asked_for_again_in_other_words(train: Train, tmp_path: Path) -> None:
    vectors = tmp_path / "words.vec"
    vectors.write_text("1 3\nalarm 0.1 0.2 0.3\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"joint\.embedder\.word_size: found 8, expected 3"):
        train(f"--set=joint.embedder.word_vectors={vectors}")
    assert train(f"--set=joint.embedder.word_vectors={vectors}", "--set=joint.embedder.word_size=3") == 0


FULL = OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("name", "failure"),
    [
        ("dev", FULL),
        ("classifier", ConfigError("refused")),
        ("log", SystemExit(1)),
        ("vocabulary", MemoryError()),
        ("training-0", FULL),
    ],
)
def test_a_run_that_fails_before_it_learnt_anything_leaves_its_place_to_the_next(
    name: str, failure: BaseException, train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_in(name, failure, monkeypatch)
    with pytest.raises(type(failure)):
        train()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "run").mkdir()
    with pytest.raises(type(failure)):
        train()
    assert list(tmp_path.joinpath("run").iterdir()) == []
    monkeypatch.undo()
    assert train("--set=seed=3") == 0


def test_a_run_that_fails_after_an_epoch_is_kept_and_gone_on_with(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_in("routing", FULL, monkeypatch)
    with pytest.raises(OSError, match="No space"):
        train()
    monkeypatch.undo()
    assert Checkpoint(tmp_path / "run").has_learnt
    assert train("--resume") == 0


def test_a_resumed_run_that_fails_is_left_as_it_was(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_at(1, monkeypatch)
    assert train() == 130
    monkeypatch.undo()
    before = {path: path.read_bytes() for path in tmp_path.joinpath("run").iterdir()}
    fail_in("dev", FULL, monkeypatch)
    with pytest.raises(OSError, match="No space"):
        train("--resume")
    assert {path: path.read_bytes() for path in tmp_path.joinpath("run").iterdir()} == before


def test_ctrl_c_before_anything_is_learnt_leaves_nothing(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_in("classifier", KeyboardInterrupt(), monkeypatch)
    assert train() == 130
    assert "the same command begins anew" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_place_is_looked_at_before_the_corpus_is_read(train: Train, tmp_path: Path) -> None:
    (tmp_path / "run").touch()
    with pytest.raises(ConfigError, match="run: found no place to write"):
        train(corpus="massive:absent")
    train(out="finished")
    with pytest.raises(ConfigError, match="finished: found a checkpoint"):
        train(corpus="massive:absent", out="finished")


def fail_in(name: str, failure: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a checkpoint write an artefact, or its log, and then fail, as on a disk that is full for the next file."""
    method = "log" if name == "log" else "save"
    write = getattr(Checkpoint, method)

    def failing(checkpoint: Checkpoint, *arguments: Any) -> None:
        write(checkpoint, *arguments)
        if name in ("log", arguments[0]):
            raise failure

    monkeypatch.setattr(Checkpoint, method, failing)


@pytest.mark.parametrize("stop_at", [1, 10])
def test_ctrl_c_in_an_epoch_leaves_a_checkpoint_to_go_on_from(
    stop_at: int,
    train: Train,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A real SIGINT in the middle of the first epoch or of the second, then --resume: as if it had never been."""
    train(out="whole")
    interrupt_at(stop_at, monkeypatch)
    assert train() == 130
    monkeypatch.undo()
    assert "--resume goes on from" in capsys.readouterr().err
    assert not Checkpoint(tmp_path / "run").complete
    assert train("--resume") == 0
    whole, resumed = (Checkpoint(tmp_path / name) for name in ("whole", "run"))
    assert resumed.read("measures") == whole.read("measures")
    assert log(resumed.folder) == log(whole.folder)
    (expected,), (actual,) = networks_of(whole), networks_of(resumed)
    for name, weights in actual.state_dict().items():
        assert weights.equal(expected.state_dict()[name]), name


def interrupt_at(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send this process a SIGINT when that many batches are through."""
    left = [batch]
    step = Progress.step

    def interrupted(progress: Progress, done: int, of: int) -> None:
        left[0] -= 1
        if left[0] == 0:
            signal.raise_signal(signal.SIGINT)
        step(progress, done, of)

    monkeypatch.setattr(Progress, "step", interrupted)


def test_a_machine_without_git_trains(train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert train() == 0
    assert Checkpoint(tmp_path / "run").run().git_commit == "unknown"


def test_only_runs_that_ask_for_fasttext_import_it() -> None:
    """So that everything else works where it could not be compiled."""
    program = "import sys, train.cli.train; sys.exit('fasttext' in sys.modules)"
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", program], cwd=root, check=False).returncode == 0  # noqa: S603  ours
