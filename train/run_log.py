"""log.jsonl: one line for each epoch or stage of a run, a JSON object."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


class RunLog:
    """Appends to the log of a run, and reads it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, entry: dict[str, Any]) -> None:
        """Add a line, in place of the rest of one that was cut off when the run was killed or the disk was full."""
        with self.path.open("ab+") as log:
            log.seek(0)
            log.truncate(log.read().rfind(b"\n") + 1)
            log.write(json.dumps(entry).encode() + b"\n")

    def entries(self) -> list[dict[str, Any]]:
        """The entries; none where nothing was logged.

        Raises:
            ConfigError: a line is no JSON object; it names file and line.
        """
        entries = []
        for number, line in enumerate(self._lines(), start=1):
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError):
                entry = None
            if not isinstance(entry, dict):
                raise ConfigError(f"{self.path}:{number}: found no JSON object, expected what a run logged")
            entries.append(entry)
        return entries

    @property
    def has_epochs(self) -> bool:
        """Whether an epoch of a network has ended."""
        return any(b'"epoch":' in line or b'"masked_words":' in line for line in self._lines())

    def _lines(self) -> list[bytes]:
        """The lines that are whole."""
        content = self.path.read_bytes() if self.path.exists() else b""
        return content.split(b"\n")[:-1]
