"""Stops a canary everywhere, by an edit of the state, once this process finds it unhealthy and most others do.

It reads and writes files, in the watcher's thread. The edit is made on the generation that was judged, and on no other:
where somebody else came first, whoever it was, there is nothing left to do.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from polyparse.bundle import release
from polyparse.bundle.model import Model
from polyparse.bundle.release import Edit
from polyparse.bundle.state import LONGEST_REASON
from polyparse.errors import PolyparseError, StateChanged
from service.registry import quorum
from service.registry.candidates import Sick

logger = logging.getLogger(__name__)


class FleetRollback:
    """The rollback of one model's canary; `by` is who makes the edit, as its history has it."""

    def __init__(
        self, model: Model, by: str, *, sick: Callable[[], Sick | None], stopped: Callable[[], object]
    ) -> None:
        """`sick` tells of a canary that is unhealthy in this process; `stopped` is called after the edit."""
        self._model = model
        self._by = by
        self._sick = sick
        self._stopped = stopped
        self._settled: Sick | None = None
        self._problem = ""

    def look(self) -> None:
        """Stop the canary where most agree. Whatever hinders it is logged once, and tried again at the next look."""
        sick = self._sick()
        if sick is None or sick == self._settled:
            return
        try:
            self._stop(sick)
        except (PolyparseError, OSError) as error:
            if str(error) != self._problem:
                logger.error("canary not stopped: %s", error)  # noqa: TRY400 - the message says it all
            self._problem = str(error)
        except Exception:  # The thread that calls this goes on to follow the state.
            self._settled = sick
            logger.exception("canary not stopped")

    def _stop(self, sick: Sick) -> None:
        statuses = self._model.statuses()
        if not quorum.agrees(statuses, generation=sick.generation, digest=sick.digest):
            return
        try:
            decided_on = release.decide_on(self._model, generation=sick.generation)
            at = datetime.now(UTC).isoformat(timespec="seconds")
            reason = f"{sick.version} is unhealthy: {sick.reason}"[:LONGEST_REASON]
            release.stop_canary(self._model, Edit(decided_on, self._by, at, reason))
        except StateChanged:
            self._settled = sick
            return
        self._settled, self._problem = sick, ""
        logger.error("canary stopped in the fleet", extra={"version": sick.version, "reason": sick.reason})
        self._stopped()
