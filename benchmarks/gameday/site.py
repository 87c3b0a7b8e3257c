"""What is broken: one model, two processes that serve it, callers of both, and a Prometheus that watches by our rules.

Both processes follow the same state, each over a mount of its own, as two pods would. `sick` is the one to break, where one
process is broken; `well` is its neighbour.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from benchmarks.client import HOST
from benchmarks.gameday import speech
from benchmarks.gameday.callers import SteadyCallers
from benchmarks.process import Server, started
from benchmarks.prometheus import Prometheus, watching, write_rules
from benchmarks.serving import PARSE
from polyparse.bundle import release, store
from polyparse.bundle import state as states
from polyparse.bundle.state import Change, Pointer

SICK, WELL = "sick", "well"
SCRAPE_S = 0.5
FLAGS = (
    *("--head-timeout-s", "2", "--request-timeout-s", "20"),
    *("--lame-duck-s", "0", "--max-bodies-bytes", "1000000000"),
)
"""A slow head is thrown out within the time of a game, and not of a night; bodies may take more memory than there is."""
BY = "gameday"


class Pod(NamedTuple):
    """A process that serves, and the link over which it sees the models."""

    server: Server
    mount: Path

    @property
    def instance(self) -> str:
        """What Prometheus calls it."""
        return f"{HOST}:{self.server.port}"


class Site(NamedTuple):
    """Everything that runs; `scale` is that of the rules' windows, `started_s` when callers began, of `time.monotonic`."""

    model: Path
    stable: str
    sick: Pod
    well: Pod
    callers: SteadyCallers
    prometheus: Prometheus
    scale: float
    started_s: float

    @property
    def places(self) -> Mapping[str, str]:
        """What Prometheus calls the processes."""
        return {SICK: self.sick.instance, WELL: self.well.instance}

    @contextmanager
    def promoted(self, version: str, write: Callable[[Path, Path], None]) -> Iterator[None]:
        """Promote a version that is written from the stable one, and after a `with` the stable one again."""
        write(self.model / self.stable, self.model / version)
        release.promote(self.model, version, self._edit())
        try:
            yield
        finally:
            release.promote(self.model, self.stable, self._edit())

    @contextmanager
    def wished(self, version: str, write: Callable[[Path, Path], str]) -> Iterator[None]:
        """Promote a version that was sound where it was promoted, and is not here; `write` returns its digest."""
        digest = write(self.model / self.stable, self.model / version)
        edit = self._edit()
        change = Change("promote", edit.by, edit.at)
        states.write(self.model, states.next_state(edit.decided_on.state, Pointer(version, digest), change))
        try:
            yield
        finally:
            release.promote(self.model, self.stable, self._edit())

    def _edit(self) -> release.Edit:
        return release.Edit(
            release.decide_on(self.model), BY, datetime.now(UTC).isoformat(timespec="seconds")
        )


@contextmanager
def running(folder: Path, models: Path, *, scale: float, memory_limit_bytes: int) -> Iterator[Site]:
    """Everything, for the length of a `with`; the version that serves from a folder of models is copied."""
    bundle = store.locate(models).bundle
    model = folder / "models" / bundle.parent.name
    shutil.copytree(bundle, model / bundle.name)
    release.promote(
        model, bundle.name, release.Edit(release.decide_on(model), BY, "2026-01-01T00:00:00+00:00")
    )
    callers = SteadyCallers(speech.usual(store.verify(bundle).locales))
    with ExitStack() as stack:
        sick, well = (stack.enter_context(_pod(folder / name, model.parent)) for name in (SICK, WELL))
        rules = list(write_rules(folder / "rules", scale, memory_limit_bytes=memory_limit_bytes))
        ports = [sick.server.port, well.server.port]
        prometheus = stack.enter_context(watching(folder, ports, rules=rules, interval_s=SCRAPE_S))
        stack.enter_context(callers.calling(ports))
        yield Site(model, bundle.name, sick, well, callers, prometheus, scale, time.monotonic())


@contextmanager
def _pod(mount: Path, models: Path) -> Iterator[Pod]:
    mount.symlink_to(models)
    with started([*PARSE, *FLAGS, "--models", str(mount)], core=None) as server:
        yield Pod(server, mount)
