"""A server of several workers, seen from outside: its processes, what each has answered, and what each says of itself."""

from __future__ import annotations

import json
import re
import signal
import time
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.crew import places, requests_of
from polyparse.bundle import release
from polyparse.bundle import state as states
from polyparse.bundle.release import Edit
from polyparse.bundle.state import Pointer
from polyparse.bundle.store import digest
from service.workers.board import COUNTERS, STATUS, Board
from tests.bundles import write_bundle
from tests.integration.server import ATTEMPTS, PAUSE_S, TIMEOUT_S, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.server import Server

POLL = "--state-poll-s=0.05"
AT = "2026-01-01T12:00:00+00:00"
NEVER_FALLS = re.compile(r"_(total|count|bucket|sum)(\{|$)")


class Crew(NamedTuple):
    """A server of several workers of the model "words"."""

    model: Path
    server: Server

    def pids(self) -> dict[int, int]:
        """The workers that live, by their numbers."""
        return {place.number: pid for pid, place in places(self.server.process.pid).items()}

    def folder(self) -> Path:
        """What the workers share."""
        return next(place.folder for place in places(self.server.process.pid).values())

    def requests(self) -> dict[int, int]:
        """How many requests to /parse each worker has answered since it began, as all publish from now on.

        A scrape asks them to, but waits for a moment only: on a busy machine it shows what one published a second ago.
        """
        asked_s = time.time()
        files = [self.folder() / f"{COUNTERS}.{number}" for number in self.pids()]
        self.server.until(
            lambda: self.server.get("/metrics") and all(file.stat().st_mtime > asked_s for file in files)
        )
        return requests_of(self.folder())

    def samples(self) -> dict[str, float]:
        """What /metrics shows."""
        lines = self.server.get("/metrics").body.splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    def counters(self) -> dict[str, float]:
        """Those of them that may never fall."""
        return {name: value for name, value in self.samples().items() if NEVER_FALLS.search(name)}

    def serving(self) -> set[int]:
        """The workers that serve, by their pids."""
        lines = (json.loads(line) for line in self.server.log().splitlines() if line.startswith("{"))
        served = {line["worker_pid"] for line in lines if line["message"] == "worker serves"}
        return served & set(self.pids().values())

    def until_replaced(self, pid: int, workers: int = 2) -> None:
        """Wait until a worker is gone and all places are taken by workers that serve."""
        self.server.until(lambda: pid not in self.pids().values() and len(self.serving()) == workers)

    def versions(self) -> dict[int, dict[str, str]]:
        """Each version and its state in each worker."""
        news = Board(self.folder(), 0).read(STATUS)
        shown = {number: json.loads(content)["versions"] for number, content in news.items()}
        return {
            number: {each["version"]: each["state"] for each in versions}
            for number, versions in shown.items()
        }

    def all_serve(self, version: str, workers: int = 2) -> bool:
        """Whether every worker serves a version."""
        return [states.get(version) for states in self.versions().values()] == ["serving"] * workers

    def promote(self, version: str) -> None:
        """Write a version and promote it."""
        write_bundle(self.model / version)
        release.promote(self.model, version, Edit(release.decide_on(self.model), "ann", AT))

    def end(self, sig: signal.Signals = signal.SIGTERM) -> int:
        """Send the supervisor a signal; its exit status."""
        self.server.process.send_signal(sig)
        return self.server.process.wait(TIMEOUT_S)


@contextmanager
def crew_at(
    folder: Path, *flags: str, workers: int = 2, damage: Callable[[Path], None] = lambda _: None
) -> Iterator[Crew]:
    """A crew of its own, of which no process and no file is left after the `with`."""
    model = model_at(folder, damage)
    with serving(model.parent, folder / "log", f"--workers={workers}", "--threads=1", POLL, *flags) as server:
        crew = Crew(model, server)
        pids, shared = crew.pids(), crew.folder()
        assert sorted(pids) == list(range(workers))
        yield crew
        if server.process.poll() is None:
            pids = crew.pids()
            assert crew.end() == 0
    wait_for(lambda: not any(is_running(pid) for pid in pids.values()))
    wait_for(lambda: not shared.exists())


def model_at(folder: Path, damage: Callable[[Path], None] = lambda _: None) -> Path:
    """The model "words", whose version 1 shall serve after some damage."""
    model = folder / "models" / "words"
    damage(write_bundle(model / "1"))
    states.write(model, states.next_state(None, Pointer("1", digest(model / "1"))))
    return model


def is_running(pid: int) -> bool:
    """Whether a process has not ended; one that nobody has asked for its status has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something holds that another process brings about; fails after a minute."""
    for _ in range(ATTEMPTS):
        if condition():
            return
        Event().wait(PAUSE_S)
    raise AssertionError("found no end, expected one within a minute")
