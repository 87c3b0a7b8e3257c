"""What a run reads, as one digest: sha256 over the names and contents of files."""

from __future__ import annotations

from functools import lru_cache
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TYPE_CHECKING

from polyparse.corpora.readers import massive
from polyparse.corpora.readers.splits import partition_files
from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def corpus_files(spec: str, locales: Sequence[str] | None = None) -> list[Path]:
    """The files of "FORMAT:PATH", those of some locales where the format has a file for each.

    Raises:
        ConfigError: it is no FORMAT:PATH.
        CorpusError: the files are not there.
    """
    name, _, text = spec.partition(":")
    path = Path(text).expanduser()
    if name == "massive":
        return [file for files in massive.files_of(path, locales).values() for file in files]
    if name == "slots":
        return list(partition_files(path, lambda part: path / part).values())
    if name == "conll":
        return list(partition_files(path, lambda part: Path(f"{path}.{part}")).values())
    raise ConfigError(f"corpus: found {spec!r}, expected FORMAT:PATH, FORMAT one of massive, slots, conll")


def digest_of(files: Iterable[Path]) -> str:
    """One digest of the files, whatever folder they lie in and in whichever order."""
    entries = sorted(f"{file.name}\0{_content(file, _changed_ns(file))}" for file in files)
    return sha256("\n".join(entries).encode()).hexdigest()


def _changed_ns(file: Path) -> int:
    return file.stat().st_mtime_ns


@lru_cache(maxsize=512)
def _content(file: Path, _when_ns: int) -> str:
    with file.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()
