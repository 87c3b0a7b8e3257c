"""Objects as files of a folder (`file://`): conditional puts hold the lock that edits of a folder of models hold."""

from __future__ import annotations

import hashlib
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from polyparse.atomic import replace_file, replacing
from polyparse.bundle import plain_file
from polyparse.bundle.edit_lock import locked
from polyparse.errors import AccessDenied, FileMissing, RepositoryUnreachable
from polyparse.repository.store import Lost

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class FolderStore:
    """The files below a folder."""

    def __init__(self, folder: Path) -> None:
        self.url = f"file://{folder}"
        self._folder = folder

    def read(self, key: str) -> bytes | None:
        """See `ObjectStore`."""
        return plain_file.read(self._folder / key)

    def read_range(self, key: str, start: int, end: int) -> bytes:
        """See `ObjectStore`."""
        with self._asking(key), self._folder.joinpath(key).open("rb") as stream:
            stream.seek(start)
            return stream.read(end - start)

    def tag(self, key: str) -> str | None:
        """See `ObjectStore`."""
        content = self.read(key)
        return None if content is None else hashlib.sha256(content).hexdigest()

    def keys(self, prefix: str) -> list[str]:
        """See `ObjectStore`."""
        with self._asking(prefix):
            paths = [path for path in (self._folder / prefix).rglob("*") if path.is_file()]
        return sorted(path.relative_to(self._folder).as_posix() for path in paths)

    def written_s(self, prefix: str) -> dict[str, float | None]:
        """See `ObjectStore`."""
        found: dict[str, float | None] = {}
        for key in self.keys(prefix):
            with suppress(FileNotFoundError):  # It has just gone.
                found[key] = self._folder.joinpath(key).stat().st_mtime
        return found

    def put(self, key: str, content: bytes) -> None:
        """See `ObjectStore`."""
        with self._asking(key):
            replace_file(self._to_write(key), content)

    def put_new(self, key: str, content: bytes) -> None:
        """See `ObjectStore`."""
        self._put_after(key, content, None)

    def put_if(self, key: str, content: bytes, tag: str) -> None:
        """See `ObjectStore`."""
        self._put_after(key, content, tag)

    def upload(self, file: Path, key: str) -> None:
        """See `ObjectStore`."""
        with self._asking(key), file.open("rb") as source, replacing(self._to_write(key)) as stream:
            shutil.copyfileobj(source, stream)

    def remove(self, key: str) -> None:
        """See `ObjectStore`."""
        with self._asking(key):
            self._folder.joinpath(key).unlink(missing_ok=True)

    def _put_after(self, key: str, content: bytes, tag: str | None) -> None:
        with self._asking(key):
            file = self._to_write(key)
            model = self._folder / key.partition("/")[0] if "/" in key else self._folder
            with locked(model, edits=[file.name]):
                if self.tag(key) != tag:
                    raise Lost(key)
                replace_file(file, content)

    def _to_write(self, key: str) -> Path:
        file = self._folder / key
        file.parent.mkdir(parents=True, exist_ok=True)
        return file

    @contextmanager
    def _asking(self, key: str) -> Iterator[None]:
        place = f"{self.url}/{key}"
        try:
            yield
        except FileNotFoundError as error:
            raise FileMissing("found no such file, expected one", file=place) from error
        except PermissionError as error:
            raise AccessDenied(
                f"found no permission ({error.strerror}), expected some", file=place
            ) from error
        except OSError as error:
            reason = error.strerror or str(error)
            raise RepositoryUnreachable(f"found {reason}, expected an answer", file=place) from error
