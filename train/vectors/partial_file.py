"""What has come of a download so far: bytes beside their place, and a note of what they are the beginning of."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING

from polyparse.atomic import replace_file, sync_folder
from polyparse.errors import ConfigError
from polyparse.schema import read_json
from train.vectors.errors import DownloadBusy, DownloadFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READ_BYTES = 1 << 20


@dataclass(frozen=True)
class PartialNote:
    """`validator` is what the server named these bytes by, to go on only with the same; `size` that of the whole file."""

    url: str
    validator: str | None = None
    size: int | None = None


class PartialFile:
    """The bytes so far, their sha256, and their note; made by `held`."""

    def __init__(self, file: Path, stream: IO[bytes]) -> None:
        self._file = file
        self._note = _note_of(file)
        self._stream = stream
        self._digest = hashlib.sha256()
        self.size = 0
        while block := stream.read(READ_BYTES):
            self._digest.update(block)
            self.size += len(block)

    @property
    def sha256(self) -> str:
        """Of the bytes so far, in hexadecimal."""
        return self._digest.hexdigest()

    def note(self) -> PartialNote | None:
        """What the bytes are the beginning of, if that was written down."""
        with suppress(OSError, ConfigError):
            return read_json(PartialNote, self._note.read_bytes(), where=str(self._note))
        return None

    def begin(self, note: PartialNote) -> None:
        """Forget all bytes, and write down what those to come are of."""
        with self._disk():
            self._stream.seek(0)
            self._stream.truncate()
            replace_file(self._note, json.dumps(asdict(note)).encode())
        self._digest, self.size = hashlib.sha256(), 0

    def append(self, block: bytes) -> None:
        """Add bytes; raises DownloadFailed where the disk refuses them."""
        with self._disk():
            self._stream.write(block)
        self._digest.update(block)
        self.size += len(block)

    def finish(self) -> None:
        """Flush the bytes to disk, and put them into their place."""
        with self._disk():
            self._stream.flush()
            os.fsync(self._stream.fileno())
            partial = _partial_of(self._file)
            partial.chmod(0o644)
            partial.replace(self._file)
            self._note.unlink(missing_ok=True)
            sync_folder(self._file.parent)

    def discard(self) -> None:
        """Remove the bytes and the note."""
        _partial_of(self._file).unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DownloadFailed(
                f"found no way to write ({error.strerror or error}), expected a disk that takes it",
                place=self._file,
            ) from error


@contextmanager
def held(file: Path) -> Iterator[PartialFile]:
    """The bytes that have come of `file`, and be the only one to add to them; raises DownloadBusy if another process is."""
    partial = _partial_of(file)
    descriptor = os.open(partial, os.O_RDWR | os.O_CREAT, 0o644)
    with os.fdopen(descriptor, "r+b", buffering=0) as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_ours = partial.exists() and partial.stat().st_ino == os.fstat(stream.fileno()).st_ino
        except BlockingIOError:
            is_ours = False
        if not is_ours:  # it is held, or was put into its place between the two lines above
            raise DownloadBusy("found another process that downloads it, expected none", place=file)
        yield PartialFile(file, stream)


def _partial_of(file: Path) -> Path:
    return file.with_name(f".{file.name}.partial")


def _note_of(file: Path) -> Path:
    return file.with_name(f".{file.name}.partial.json")
