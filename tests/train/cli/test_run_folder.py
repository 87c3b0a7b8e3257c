"""The folder of a run: one process at a time, and whatever ends a run before it has learnt, the next one has its place."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from polyparse.errors import ConfigError
from tests.train.corpus import write_massive
from tests.train.tiny import SETTINGS
from train.checkpoint import Checkpoint
from train.cli.train import main
from train.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[3]
KILLED = """
import os, signal, sys
from train.checkpoint import Checkpoint
from train.cli.train import main
at, method = sys.argv[1], "log" if sys.argv[1] == "log" else "save"
write = getattr(Checkpoint, method)
def killed(checkpoint, *arguments):
    if at in ("log", arguments[0]):
        os.kill(os.getpid(), signal.SIGKILL)
    write(checkpoint, *arguments)
setattr(Checkpoint, method, killed)
main(sys.argv[2:])
"""
"""A run that is killed when it would write a certain file."""


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    corpus = write_massive(tmp_path / "corpus")
    return ["stm", "--corpus", corpus, "--out", str(tmp_path / "run"), "--threads=1", "--quiet", *SETTINGS]


def signalled(at: str, monkeypatch: pytest.MonkeyPatch, of: type = Checkpoint) -> None:
    """Send this process a SIGTERM after that method of the progress, or of a checkpoint when it saves the DC."""
    method: Callable[..., Any] = getattr(of, at)

    def terminated(self: object, *arguments: Any) -> None:
        method(self, *arguments)
        if at != "save" or arguments[0] == "classifier":
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(of, at, terminated)


def test_sigterm_before_anything_is_learnt_leaves_nothing(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    signalled("save", monkeypatch)
    before = signal.getsignal(signal.SIGTERM)
    assert main(command) == 143
    assert "the same command begins anew" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    assert signal.getsignal(signal.SIGTERM) is before


def test_sigterm_in_an_epoch_leaves_a_checkpoint_to_go_on_from(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    signalled("step", monkeypatch, of=Progress)
    assert main(command) == 143
    monkeypatch.undo()
    assert "--resume goes on from" in capsys.readouterr().err
    assert main([*command, "--resume"]) == 0


@pytest.mark.parametrize("at", ["classifier", "log"])
def test_a_run_that_was_killed_before_it_learnt_anything_is_in_nobodys_way(
    at: str, command: list[str], tmp_path: Path
) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, at, *command], cwd=ROOT, check=False)  # noqa: S603  ours
    assert done.returncode == -signal.SIGKILL
    assert Checkpoint(tmp_path / "run").exists
    assert main([*command, "--set=seed=3"]) == 0
    assert Checkpoint(tmp_path / "run").run().config.seed == 3


def test_a_run_whose_epochs_have_ended_is_not_begun_anew(
    command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    signalled("close_epoch", monkeypatch, of=Progress)
    assert main(command) == 143
    monkeypatch.undo()
    with pytest.raises(ConfigError, match=r"run: found a checkpoint, expected an empty folder \(or --resume"):
        main(command)


def test_files_that_were_being_written_are_in_nobodys_way(command: list[str], tmp_path: Path) -> None:
    left = tmp_path / "run" / ".run.json.x7q"
    left.parent.mkdir()
    left.touch()
    assert main(command) == 0
    assert not left.exists()


def test_a_folder_that_another_process_trains_in_is_left_to_it(command: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "run.json").touch()
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    for more in ([], ["--resume"]):
        with pytest.raises(ConfigError, match="run: found a run that is still going on, expected none"):
            main([*command, *more])
    assert [path.name for path in folder.iterdir()] == ["run.json"]
    os.close(descriptor)
    assert main(command) == 0


def test_a_file_system_without_locks_is_trained_on(
    command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_descriptor: int, _operation: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("train.cli.run_folder.flock", refuse)
    assert main(command) == 0
