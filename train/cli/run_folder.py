"""The folder of a run: held by one process at a time, and left as it was by a run that learns nothing."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from typing import TYPE_CHECKING

from polyparse.errors import ConfigError
from polyparse.outputs import check_folder
from polyparse.schema import unstructure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from train.checkpoint import Checkpoint


SAME_RUN = ("config", "corpus", "locales", "start", "teachers", "also")
"""Entries of run.json that a run must not change which goes on."""


def check_same(folder: Path, existing: Mapping[str, object], expected: Mapping[str, object]) -> None:
    """Refuse to go on with a run whose entries, such as its config or its teachers, are others than expected."""
    before, now = (_flat("", unstructure(entries)) for entries in (existing, expected))
    for key in {**before, **now}:
        if before.get(key) != now.get(key):
            raise ConfigError(
                f"{folder}: found a checkpoint with {key} {before.get(key)!r}, expected {now.get(key)!r};"
                " --resume goes on with the same config and corpus only"
            )


def check_free(checkpoint: Checkpoint, *, resume: bool) -> None:
    """Refuse a folder that cannot take a run: one that cannot be written, of other files, or, without `resume`, of a run.

    What a run has left that was killed before the end of its first epoch is in nobody's way.
    """
    folder = checkpoint.folder
    check_folder(folder)
    if checkpoint.has_learnt and not resume:
        raise ConfigError(f"{folder}: found a checkpoint, expected an empty folder (or --resume to go on)")
    if (
        not checkpoint.exists
        and folder.exists()
        and set(folder.iterdir()) - set(checkpoint.files_before_learning())
    ):
        raise ConfigError(f"{folder}: found a folder of other files, expected an empty or a new folder")


def is_held(folder: Path) -> bool:
    """Whether a run holds the folder now, such as one whose plan was killed."""
    if not folder.exists():
        return False
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _lock(descriptor, folder)
    except ConfigError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def held(checkpoint: Checkpoint, *, resume: bool) -> Iterator[None]:
    """Hold the folder for a run, made anew without `resume`.

    The folder of a new run is left as it was, if the run fails before the end of an epoch or is interrupted before its text
    tables are there: there is nothing to go on from, and the next run has its place.
    """
    with _locked(checkpoint.folder):
        if not resume:
            checkpoint.discard()
        is_new = not checkpoint.exists
        try:
            yield
        except BaseException as error:
            learnt = checkpoint.has_tables if isinstance(error, KeyboardInterrupt) else checkpoint.has_learnt
            if is_new and not learnt:
                checkpoint.discard()
            raise


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep others from the folder as long as this process lives and no longer; a folder that was made for it and is empty
    afterwards is removed.
    """
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)
        if is_new:
            with suppress(OSError):
                folder.rmdir()


def _flat(key: str, value: object) -> dict[str, object]:
    """Nested objects as one mapping with dotted keys: {"config.optim.epochs": 20, ...}."""
    if not isinstance(value, dict):
        return {key: value}
    return {
        dotted: leaf
        for name, part in value.items()
        for dotted, leaf in _flat(f"{key}.{name}".strip("."), part).items()
    }


def _lock(descriptor: int, folder: Path) -> None:
    """Not every file system has locks; without, it is the user who has to see that two runs do not share a folder."""
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        raise ConfigError(f"{folder}: found a run that is still going on, expected none") from None
    except OSError:
        pass
