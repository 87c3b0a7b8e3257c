"""Writes what this process does with each version beside the model, for `polyparse models list`; see bundle/status.py."""

import logging
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from polyparse.bundle import status
from polyparse.bundle.status import ProcessStatus, Reason, StateName, VersionStatus
from service.registry.policy import VersionState
from service.registry.version import Version

STATES: dict[VersionState, StateName] = {
    VersionState.LOADING: "loading",
    VersionState.CANCELLED: "loading",
    VersionState.WAITING: "loading",
    VersionState.READY: "ready",
    VersionState.SERVING: "serving",
    VersionState.RETIRED: "retired",
    VersionState.CLOSING: "retired",
    VersionState.FAILED: "failed",
}

logger = logging.getLogger(__name__)


class StatusFile:
    """The file of this process. The event loop's thread calls `changed`; another calls `flush` and `remove`, which write."""

    def __init__(self, model: Path) -> None:
        self._model = model
        self._host, self._pid = socket.gethostname(), os.getpid()
        self._latest: ProcessStatus | None = None
        self._written: ProcessStatus | None = None
        self._is_writable = True

    def changed(self, versions: Sequence[Version], generation: int | None) -> None:
        """Remember what is to be written."""
        self._latest = ProcessStatus(
            host=self._host,
            pid=self._pid,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            generation=generation,
            versions=tuple(_status_of(version) for version in versions),
        )

    def flush(self) -> None:
        """Write what has changed; a folder that takes no file is said once, and left alone."""
        latest = self._latest
        if latest is None or latest is self._written or not self._is_writable:
            return
        try:
            status.write(self._model, latest)
        except OSError as error:
            self._is_writable = False
            logger.info("`models list` will not show this process: %s", error)
        self._written = latest

    def remove(self) -> None:
        """Take the file away at the end."""
        with suppress(OSError):
            status.remove(self._model, self._host, self._pid)


def _status_of(version: Version) -> VersionStatus:
    error = version.reason if version.state is VersionState.FAILED else None
    reason = None if error is None else Reason(error.code, str(error))
    return VersionStatus(version.number, version.digest or "", STATES[version.state], reason)
