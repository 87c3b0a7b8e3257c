"""The tasks of `--also NAME=FORMAT:PATH`, which a run learns at the same time as its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from polyparse.corpora.checks.slots import learnable
from polyparse.corpora.read import read
from polyparse.corpora.selection.config import DataConfig
from polyparse.corpora.selection.select import select
from polyparse.errors import ConfigError
from train.checkpoint import Checkpoint
from train.training.run import OtherTask, Texts

if TYPE_CHECKING:
    from train.models.sharing import SharingConfig


def other_task(also: str, folder: Path, sharing: SharingConfig) -> OtherTask:
    """The task with what its data options take of its corpus; it will be a run in `folder`/also/NAME."""
    name, equals, corpus = also.partition("=")
    if not (name and equals):
        raise ConfigError(f"--also: found {also!r}, expected NAME=FORMAT:PATH")
    train, dev = (read(corpus, partition=part) for part in ("train", "dev"))
    config = sharing.data.get(name, DataConfig())
    try:
        selection = select(train, dev, config, path=Path(corpus))
    except ConfigError as error:
        raise ConfigError(f"sharing.data.{name}: {error}") from error
    if not (usable := learnable(selection.train)):
        raise ConfigError(
            f"--also: {corpus}: found no training utterance whose slots can be learnt, expected at least one"
        )
    inventory = selection.inventory if config.inventory == "all" else ()
    texts = Texts(usable, selection.dev, inventory=inventory)
    return OtherTask(name, corpus, texts, Checkpoint(folder / "also" / name))
