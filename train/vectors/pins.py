"""Pins: size and sha256 of published files, written down at the first download, so that the bytes are the same ever after.

The publishers of word vectors give no checksums. The pin file is JSON, one entry a URL; it may be kept under version
control, and then tells other machines what to expect.
"""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from polyparse.atomic import replace_file
from polyparse.errors import ConfigError
from polyparse.schema import read_json, unstructure
from train.vectors.errors import PinMismatch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE = "vectors.lock.json"
SCHEMA = 1


@dataclass(frozen=True)
class FilePin:
    """What a file is: its bytes are of this size, and have this digest in hexadecimal."""

    size: int
    sha256: str


@dataclass(frozen=True)
class PinFile:
    """The content of a pin file: URL -> pin."""

    schema: int = SCHEMA
    files: dict[str, FilePin] = field(default_factory=dict)


class Pins:
    """The pins in a file, which is there from the first one on. Several processes may use it at once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def find(self, url: str) -> FilePin | None:
        """The pin of a URL, if there is one; raises ConfigError where the file is damaged."""
        return self._read().files.get(url)

    def add(self, url: str, pin: FilePin) -> None:
        """Write a pin down; raises PinMismatch if the URL was pinned to other bytes meanwhile."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(self.path.parent):
            pins = self._read()
            known = pins.files.setdefault(url, pin)
            if known != pin:
                raise PinMismatch(f"found {pin}, expected {known} as in {self.path}", place=url)
            plain = unstructure(PinFile(SCHEMA, dict(sorted(pins.files.items()))))
            replace_file(self.path, (json.dumps(plain, indent=2) + "\n").encode())

    def _read(self) -> PinFile:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return PinFile()
        except OSError as error:
            raise ConfigError(
                f"{self.path}: found no readable file ({error.strerror}), expected pins"
            ) from error
        pins = read_json(PinFile, content, where=str(self.path))
        if pins.schema != SCHEMA:
            raise ConfigError(f"{self.path}: schema: found {pins.schema}, expected {SCHEMA}")
        return pins


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Be the only one to edit a file of this folder; an edit takes milliseconds."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
