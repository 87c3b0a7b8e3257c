"""Several processes that `torchrun` starts learn together what one learns, and one of them writes and speaks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch.distributed import TCPStore  # type: ignore[attr-defined]  # it is public

from polyparse.errors import ConfigError
from tests.train.corpus import write_massive, write_slots
from tests.train.tiny import SETTINGS
from train.checkpoint import Checkpoint
from train.cli.train import main
from train.ranks import ALONE, Ranks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
SHARED_STEPS = (
    *SETTINGS[:-1],
    "--set=joint.embedder.word_dropout=0",
    "--set=joint.encoder.dropout=0",
    "--set=joint.embedding_dropout=0",
    "--set=joint.mlp_dropout=0",
    "--set=optim.batch_size=7",
    "--set=optim.epochs=3",
    "--set=optim.min_steps=10",
    "--set=joint_weight=1",
    "--threads=1",
    "--quiet",
)
"""Three epochs of ten updates or more; batches of seven are shared out unequally, those of one to one process only."""


@contextmanager
def second_process(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """The second of two processes, as `torchrun` starts them; this one is the first, as long as the context lasts."""
    store = TCPStore("127.0.0.1", 0, is_master=True)
    environment = {
        "TORCHELASTIC_RUN_ID": "test",
        "TORCHELASTIC_USE_AGENT_STORE": "True",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(store.port),
        "WORLD_SIZE": "2",
        "RANK": "0",
    }
    command = [sys.executable, "-m", "polyparse", "train", *arguments]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        with subprocess.Popen(  # noqa: S603  the command is ours
            command, cwd=ROOT, env={**os.environ, "RANK": "1"}, stdout=subprocess.PIPE
        ) as process:
            try:
                yield process
            finally:
                process.kill()


def epochs(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [entry for line in lines if "intent_loss" in (entry := json.loads(line))]


def thread_names() -> list[str]:
    """Of all threads of this process, by what the system calls them; those that end meanwhile are left out."""
    names = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            names.append((task / "comm").read_text(encoding="utf-8").strip())
    return names


def test_two_processes_have_the_losses_of_one_with_the_same_batches(tmp_path: Path) -> None:
    corpus = f"--corpus={write_massive(tmp_path / 'corpus')}"
    arguments = ["stm", corpus, f"--out={tmp_path / 'two'}", *SHARED_STEPS]
    with second_process(*arguments) as second:
        assert main(arguments) == 0
        assert second.communicate()[0] == b""
        assert second.returncode == 0
    assert not [name for name in thread_names() if "gloo" in name]
    assert main(["stm", corpus, f"--out={tmp_path / 'one'}", *SHARED_STEPS]) == 0
    one, two = epochs(tmp_path / "one"), epochs(tmp_path / "two")
    assert len(one) == len(two) == 3
    for alone, together in zip(one, two, strict=True):
        for loss in ("intent_loss", "slot_loss"):
            assert together[loss] == pytest.approx(alone[loss], abs=1e-4)
        assert together["dev"] == alone["dev"]
    weights, others = (Checkpoint(tmp_path / name).read("network-0") for name in ("one", "two"))
    for name, weight in weights.items():
        torch.testing.assert_close(others[name], weight, atol=1e-4, rtol=1e-3)


def test_what_several_processes_cannot_share_out_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ranks, "here", classmethod(lambda cls: cls(0, 2)))
    corpus = f"--corpus={write_massive(tmp_path / 'corpus')}"
    for setting, key in (
        ("--set=masked_words.epochs=1", "masked_words"),
        ("--set=folds=3", "folds"),
        (f"--also=plain={write_slots(tmp_path / 'slots')}", "--also"),
    ):
        with pytest.raises(ConfigError, match=rf"^{key}.*: found it in a run of 2 processes"):
            main(["stm", corpus, f"--out={tmp_path / 'run'}", *SETTINGS, setting])
    assert not (tmp_path / "run").exists()


def test_a_process_alone_waits_for_nobody() -> None:
    made: list[int] = []
    make: Callable[[], None] = lambda: made.append(1)  # noqa: E731
    ALONE.of_first(make)
    assert (made, ALONE.of_all("x"), ALONE.is_first, Ranks.here()) == ([1], ["x"], True, ALONE)
