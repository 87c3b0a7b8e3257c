"""Writes what this process does with each version beside the model, for `polyparse models list`; see bundle/status.py.

It is written anew from time to time, so that others see that the process lives.
"""

import logging
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from polyparse.bundle import model as models
from polyparse.bundle.model import Model
from polyparse.bundle.silence import RENEWED_S
from polyparse.bundle.status import ProcessStatus, Reason, StateName, VersionStatus
from polyparse.errors import BundleError
from service.clock import Clock, system
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

    def __init__(self, model: Model | Path, *, clock: Clock = system) -> None:
        self.model = models.of(model)
        self.host, self.pid = socket.gethostname(), os.getpid()
        self._clock = clock
        self._latest: ProcessStatus | None = None
        self._written: ProcessStatus | None = None
        self._written_s = 0.0
        self._problem = ""
        self._lock = Lock()
        self._is_removed = False

    def changed(self, versions: Sequence[Version], generation: int | None) -> None:
        """Remember what is to be written, where it is anything new."""
        now, latest = status_now(versions, generation), self._latest
        if latest is None or (latest.generation, latest.versions) != (now.generation, now.versions):
            self._latest = now

    def flush(self) -> None:
        """Write what has changed, is old, or could not be written before; why it cannot is said once."""
        latest, now_s = self._latest, self._clock()
        if latest is None or (latest is self._written and now_s - self._written_s < RENEWED_S):
            return
        try:
            with self._lock:
                if self._is_removed:
                    return
                self.model.write_status(replace(latest, at=_now()))
        except (OSError, BundleError) as error:
            if str(error) != self._problem:
                logger.info("`models list` will not show what this process does: %s", error)
            self._problem = str(error)
        else:
            self._written, self._written_s, self._problem = latest, now_s, ""

    def remove(self) -> None:
        """Take the file away at the end; it is not written again."""
        with self._lock, suppress(OSError, BundleError):
            self._is_removed = True
            self.model.remove_status(self.host, self.pid)


def status_now(versions: Sequence[Version], generation: int | None) -> ProcessStatus:
    """What this process does with each version, now."""
    return ProcessStatus(
        host=socket.gethostname(),
        pid=os.getpid(),
        at=_now(),
        generation=generation,
        versions=tuple(status_of(version) for version in versions),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def status_of(version: Version) -> VersionStatus:
    """What a process says of a version."""
    error = version.reason if version.state is VersionState.FAILED else None
    reason = None if error is None else Reason(error.code, str(error))
    return VersionStatus(version.number, version.digest or "", STATES[version.state], reason, version.verdict)
