"""models/<name>/history.jsonl: the generations of state.json that are past, one a line, oldest first.

    {"generation": 3, "action": "promote" | .. | null, "version", "digest", "from_version": "1" | null, "by", "at",
     "reason": "..." | null, "canary": {"version", "digest", "percent"} | null,
     "shadow": {"version", "digest", "share"} | null}

An entry is written before the state after it is: whenever an edit is killed, these lines and state.json are all of the
history. It is in the order of the edits, whatever their clocks said. It grows by a line of some 250 bytes an edit and
is never cut: a thousand edits are 250 kB, and each edit rewrites the file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyparse.atomic import replace_file
from polyparse.bundle import plain_file
from polyparse.bundle import state as states
from polyparse.bundle.state import Action, Canary, Shadow
from polyparse.errors import ConfigError
from polyparse.schema import read_json, unstructure

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.bundle.state import DesiredState

FILE = "history.jsonl"


@dataclass(frozen=True)
class HistoryEntry:
    """A generation of the state; action, by and at are null where its file did not say."""

    generation: int
    action: Action | None
    version: str
    digest: str
    from_version: str | None
    by: str | None
    at: str | None
    reason: str | None = None
    canary: Canary | None = None
    shadow: Shadow | None = None


@dataclass(frozen=True)
class Archive:
    """The entries of history.jsonl, oldest first, and the numbers, from 1, of lines that are no entries."""

    entries: tuple[HistoryEntry, ...] = ()
    unreadable: tuple[int, ...] = ()

    @property
    def generation(self) -> int:
        """The highest one; 0 without any."""
        return max((entry.generation for entry in self.entries), default=0)


def read(model: Path) -> Archive:
    """All generations that are known, the current one included; StateInvalid where a file of the two cannot be read."""
    state = states.read(model)  # first: an edit between the two leaves it in the archive
    return with_current(parse(plain_file.read(model / FILE) or b""), state)


def with_current(archive: Archive, state: DesiredState | None) -> Archive:
    """The entries, and that of the current state where it is not among them."""
    if state is None or (entry := entry_of(state)) in archive.entries:
        return archive
    return Archive((*archive.entries, entry), archive.unreadable)


def keep(model: Path, state: DesiredState | None) -> int:
    """Add a state that is about to be replaced, unless it is there; returns the highest generation of all that are.

    To be called under the lock of edits. A last line that was cut in the middle is removed.
    """
    content, generation = kept(plain_file.read(model / FILE) or b"", state)
    if content is not None:
        replace_file(model / FILE, content)
    return generation


def kept(content: bytes, state: DesiredState | None) -> tuple[bytes | None, int]:
    """The file's bytes once it holds the state too, None where it does; and the highest generation of all that it holds."""
    archive = parse(content)
    if state is None or (entry := entry_of(state)) in archive.entries:
        return None, archive.generation
    line = json.dumps(unstructure(entry), ensure_ascii=False)
    added = _whole_lines(content) + line.encode() + b"\n"
    return added, max(archive.generation, entry.generation)


def parse(content: bytes) -> Archive:
    """The entries of a file's bytes."""
    entries, unreadable = [], []
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            entries.append(read_json(HistoryEntry, line, where=f"{FILE}:{number}"))
        except ConfigError:
            if line.strip():
                unreadable.append(number)
    return Archive(tuple(entries), tuple(unreadable))


def entry_of(state: DesiredState) -> HistoryEntry:
    """A state as history keeps it."""
    change = state.change
    return HistoryEntry(
        generation=state.generation,
        action=change.action if change else None,
        version=state.stable.version,
        digest=state.stable.digest,
        from_version=state.previous.version if state.previous else None,
        by=change.by if change else None,
        at=change.at if change else None,
        reason=change.reason if change else None,
        canary=state.canary,
        shadow=state.shadow,
    )


def _whole_lines(content: bytes) -> bytes:
    """The content without a last line that neither ends nor is an entry."""
    head, newline, tail = content.rpartition(b"\n")
    if not tail:
        return content
    return content + b"\n" if parse(tail).entries else head + newline
