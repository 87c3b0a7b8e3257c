"""Writes what this process does with each version beside the model, for `polyparse models list`; see bundle/status.py."""

import logging
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

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
        self._problem = ""
        self._lock = Lock()
        self._is_removed = False

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
        """Write what has changed, or what could not be written before; why it cannot is said once."""
        latest = self._latest
        if latest is None or latest is self._written:
            return
        try:
            with self._lock:
                if self._is_removed:
                    return
                status.write(self._model, latest)
        except OSError as error:
            if str(error) != self._problem:
                logger.info("`models list` will not show what this process does: %s", error)
            self._problem = str(error)
        else:
            self._written, self._problem = latest, ""

    def remove(self) -> None:
        """Take the file away at the end; it is not written again."""
        with self._lock, suppress(OSError):
            self._is_removed = True
            status.remove(self._model, self._host, self._pid)


def _status_of(version: Version) -> VersionStatus:
    error = version.reason if version.state is VersionState.FAILED else None
    reason = None if error is None else Reason(error.code, str(error))
    return VersionStatus(version.number, version.digest or "", STATES[version.state], reason)
