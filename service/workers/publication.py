"""What a worker publishes of itself, and what it answers for all: its metrics, and the state of each of its versions.

A scrape publishes this worker's own values first, lets the others publish theirs, and reads only what is published: the next
one, whoever answers it, finds no less.
"""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence

from prometheus_client import generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from polyparse.schema import unstructure
from service.registry.status_file import status_now
from service.registry.version import Version
from service.workers.bell import Bell
from service.workers.board import COUNTERS, EXEMPLARS, GAUGES, RESTARTS, STATUS, Board
from service.workers.exposition import (
    Combined,
    Samples,
    add,
    combine,
    exemplars_of,
    latest,
    read,
    series_of,
    split,
    versions_in,
    without_gone,
)
from service.workers.ledger import Counted, after, after_death, read_counted
from service.workers.place import Place

PERIOD_S = 1.0
"""Of a worker that dies, what it counted after its last publication is lost."""

logger = logging.getLogger(__name__)


class Publication:
    """One worker's. Made and used in the event loop's thread."""

    def __init__(
        self, place: Place, metrics: Collector, *, rules: Mapping[str, str], versions: str, restarts: str
    ) -> None:
        """`rules` say how gauges combine, and `versions` which one of them has a series for each version.

        `restarts` is the counter whose value the supervisor publishes.
        """
        self.board = Board(place.folder, place.number)
        self._metrics = metrics
        self._rules = rules
        self._version_family = versions
        self._restarts = restarts
        predecessor = self.board.read(COUNTERS).get(place.number)
        self._counted = Counted({}, {}) if predecessor is None else after_death(read_counted(predecessor))
        self._families = read(metrics)
        self._known: Sequence[tuple[object, ...]] = ()
        self._problem: str | None = ""
        self._loop = asyncio.get_running_loop()
        self._bell = Bell(place.folder, place.number, place.workers, self.publish)
        self._timer = self._loop.call_later(PERIOD_S, self._publish_again)

    def changed(self, versions: Sequence[Version], generation: int | None) -> None:
        """Publish what the versions are now, where that is new; a listener of the manager's."""
        known = [(version.number, version.digest, version.state, generation) for version in versions]
        if known != self._known:
            self._known = known
            status = status_now(versions, generation)
            self._put(STATUS, json.dumps(unstructure(status)).encode())
            self.publish()

    def publish(self) -> None:
        """Publish what is counted and measured now."""
        self._families = read(self._metrics)
        counts, moments = split(self._families)
        self._put(GAUGES, json.dumps(moments).encode())
        self._put(EXEMPLARS, json.dumps(exemplars_of(self._families)).encode())
        present = versions_in(self._moments(), self._version_family)
        self._counted = after(self._counted, counts, present)
        self._put(COUNTERS, self._counted.to_bytes())

    async def scrape(self) -> bytes:
        """All workers' metrics, in Prometheus' text format."""
        return generate_latest(await self._combined())

    async def scrape_open(self) -> bytes:
        """All workers' metrics in the format OpenMetrics 1.0, with the latest exemplar of each series."""
        text: bytes = openmetrics.generate_latest(await self._combined())  # type: ignore[no-untyped-call]
        return text

    async def _combined(self) -> Combined:
        self.publish()
        await self._bell.ring()
        moments = self._moments()
        counted = [read_counted(content) for content in self.board.read(COUNTERS).values()]
        total = add(part for each in counted for part in each)
        counts = without_gone(total, versions_in(moments, self._version_family))
        restarts = sum(map(int, self.board.read(RESTARTS).values()))
        counts[self._restarts.removesuffix("_total")] = {series_of(self._restarts, {}): float(restarts)}
        exemplars = latest(json.loads(content) for content in self.board.read(EXEMPLARS).values())
        return Combined(self._families, counts | combine(moments, self._rules), exemplars)

    def close(self) -> None:
        """Publish for the last time."""
        self._timer.cancel()
        self._bell.close()
        self.publish()

    def _moments(self) -> list[Samples]:
        return [json.loads(content) for content in self.board.read(GAUGES).values()]

    def _publish_again(self) -> None:
        self.publish()
        self._timer = self._loop.call_later(PERIOD_S, self._publish_again)

    def _put(self, kind: str, content: bytes) -> None:
        """Publish; what prevents that is said once, and prevents no request."""
        try:
            self.board.publish(kind, content)
        except OSError as error:
            if error.strerror != self._problem:
                logger.warning("other workers do not see what this one counts: %s", error)
            self._problem = error.strerror
