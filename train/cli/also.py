"""The tasks of `--also NAME=FORMAT:PATH`, which a run learns at the same time as its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.corpora.checks.slots import learnable
from polyparse.corpora.read import read
from polyparse.errors import ConfigError
from train.checkpoint import Checkpoint
from train.training.run import OtherTask, Texts

if TYPE_CHECKING:
    from pathlib import Path


def other_task(also: str, folder: Path) -> OtherTask:
    """The task with its corpus, read in all its locales; it will be a run in `folder`/also/NAME."""
    name, equals, corpus = also.partition("=")
    if not (name and equals):
        raise ConfigError(f"--also: found {also!r}, expected NAME=FORMAT:PATH")
    train, dev = (read(corpus, partition=part) for part in ("train", "dev"))
    if not (usable := learnable(train)):
        raise ConfigError(
            f"--also: {corpus}: found no training utterance whose slots can be learnt, expected at least one"
        )
    return OtherTask(name, corpus, Texts(usable, dev), Checkpoint(folder / "also" / name))
