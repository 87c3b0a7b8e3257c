"""The service without its records: the same in all else, but nothing that a request or a run does is observed.

`/metrics` still answers; what is asked for only at a scrape stays.
"""

import sys
from collections.abc import Sequence

from service import app, cli, connections
from service.http.arrivals import Arrivals, Transport
from service.metrics.garbage import GarbageWatch
from service.metrics.metrics import Metrics, VersionMetrics


class SilentMetrics(Metrics):
    """Records no request, utterance or frame."""

    def __init__(self) -> None:
        super().__init__()
        _forget_in(self, "answered", "refused", "unrouted", "utterances", "parsed")

    def of_version(self, version: object) -> VersionMetrics:
        """What forgets."""
        return SILENT


class SilentVersionMetrics(VersionMetrics):
    """Records no stage and no run."""

    def __init__(self) -> None:
        _forget_in(self, "encoded", "queued", "ran")


class SilentGarbageWatch(GarbageWatch):
    """Hears of no collection."""

    def __init__(self, clock: object) -> None:
        super().__init__(clock)  # type: ignore[arg-type]
        super().stop()

    def stop(self) -> None:
        """It has."""


class SilentArrivals(Arrivals):
    """Takes what is read for what has just come."""

    def since_s(self, transport: Transport, *, is_first: bool) -> float:
        """Now."""
        return self._clock()


def _forget_in(recorder: object, *methods: str) -> None:
    for method in methods:
        setattr(recorder, method, _forget)


def _forget(*_: object) -> None:
    """Nothing."""


SILENT = SilentVersionMetrics()
PARTS = (
    (app, "Metrics", SilentMetrics),
    (app, "GarbageWatch", SilentGarbageWatch),
    (connections, "Arrivals", SilentArrivals),
)
"""Where the service takes its recorders from, by which name, and what stands there instead."""


def main(argv: Sequence[str]) -> int:
    """Serve with the service's own flags, and return 0 after a signal to end."""
    for module, name, silent in PARTS:
        setattr(module, name, silent)
    return cli.main(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
