"""What a worker has counted, in such a way that the sum over all workers never falls.

Its own counters fall when a version goes that is in other workers yet, and they end with its process. So it publishes two
parts: those that run, and the last values of those that have ended, here or in the worker that it replaces. Those are kept
until their version is gone from every worker.
"""

import json
from typing import NamedTuple

from service.workers.exposition import Samples, add, without_gone


class Counted(NamedTuple):
    """What a worker publishes: counters that run, and the last values of those that have ended."""

    running: Samples
    kept: Samples

    def to_bytes(self) -> bytes:
        """As it is published."""
        return json.dumps(self._asdict()).encode()

    @property
    def total(self) -> Samples:
        """Both parts together."""
        return add([self.running, self.kept]) if self.kept else self.running


def read_counted(content: bytes) -> Counted:
    """What another worker has published."""
    return Counted(**json.loads(content))


def after_death(last: Counted) -> Counted:
    """What a worker begins with, that takes the place of one that published this."""
    return Counted({}, add([last.kept, last.running]))


def after(last: Counted, running: Samples, present: set[str]) -> Counted:
    """What to publish next; `present` are the versions that are in some worker, none while no worker knows of any."""
    ended = {
        name: {key: value for key, value in series.items() if key not in running.get(name, {})}
        for name, series in last.running.items()
    }
    kept = add([last.kept, ended])
    if present:
        kept = without_gone(kept, present)
    return Counted(running, {name: series for name, series in kept.items() if series})
