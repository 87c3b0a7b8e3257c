"""One run against a service: load, swaps by the release engineer's own command, and what was recorded meanwhile."""

import asyncio
import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from benchmarks.client import on_uvloop
from benchmarks.command import ROOT
from benchmarks.errors import MeasurementFailed
from benchmarks.open_loop import OpenLoad, Record
from benchmarks.process import Server
from benchmarks.swap.load import Plan
from benchmarks.swap.scrape import Scrape, Watch, watching
from benchmarks.swap.windows import SERVING, Swap, Window, settled

WINDOW_S = 300.0
"""A swap that has not come to its end by then has failed."""
FAILED = "failed"
MODELS = ["nice", "-n", "19", sys.executable, "-m", "polyparse", "models"]
"""The command runs on the load's core, and leaves it to the load: in production it runs on another machine."""


@dataclass(frozen=True)
class Models:
    """A folder of models, the name of one, the version of it that serves first, and another."""

    folder: Path
    name: str
    first: str
    second: str

    def other(self, version: str) -> str:
        """The other of the two versions."""
        return self.first if version == self.second else self.second


@dataclass(frozen=True)
class Timeline:
    """What was recorded of one load, from its start to its end."""

    records: Sequence[Record]
    scrapes: Sequence[Scrape]
    swaps: Sequence[Swap]
    rollbacks: Sequence[Swap]
    cpu_share: float


class Swapper:
    """Swaps the versions of a service that is under load."""

    def __init__(self, models: Models, load: OpenLoad, watch: Watch, *, keeps_previous: bool) -> None:
        self._models = models
        self._load = load
        self._watch = watch
        self._keeps_previous = keeps_previous
        self._serving = models.first

    async def swap(self, action: str) -> Swap:
        """Promote the other version, or roll back to it; returns once the memory of this one is back.

        Where the previous version stays loaded, it returns once the other one serves.

        Raises:
            MeasurementFailed: the command or the swap failed, or had not come to its end in time.
        """
        old, new = self._serving, self._models.other(self._serving)
        n_before, start_s = len(self._load.records), perf_counter()

        def ended(scrapes: list[Scrape]) -> tuple[float, Scrape] | None:
            if not scrapes or (answered_s := self._answered_s(scrapes[-1], new, n_before)) is None:
                return None
            end = scrapes[-1] if self._keeps_previous else settled(scrapes, old)
            return None if end is None else (answered_s, end)

        waiting = asyncio.create_task(
            self._watch.until(ended, timeout_s=WINDOW_S, what=f"end of {action} {new}")
        )
        try:
            await run(action, self._models, *([new] if action == "promote" else []))
            answered_s, end = await waiting
        finally:
            waiting.cancel()
        self._serving = new
        return Swap(old, new, Window(start_s, end.seen_s), answered_s, end.rss_mb)

    def _answered_s(self, last: Scrape, new: str, n_before: int) -> float | None:
        """When the new version first answered, once it serves."""
        if (state := last.states.get(new)) == FAILED:
            raise MeasurementFailed(f"found that the service refused {new}, expected that it serves")
        if state != SERVING:
            return None
        answers = self._load.records[n_before:]
        return next((record.done_s for record in answers if record.version == new), None)


async def run(action: str, models: Models, *words: str) -> None:
    """`polyparse models ACTION NAME WORDS`; MeasurementFailed where it refuses."""
    command = [*MODELS, action, models.name, *words, "--models", str(models.folder)]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise MeasurementFailed(
            f"{' '.join(command)}: status {process.returncode}: {output.decode().strip()}"
        )


def timeline(
    server: Server,
    models: Models,
    requests: Sequence[bytes],
    rate_per_s: float,
    plan: Plan,
    *,
    keeps_previous: bool,
) -> Timeline:
    """Put the service, which serves the first version, under load, and swap as planned."""

    async def play() -> Timeline:
        async with (
            watching(server.port, server.pid) as watch,
            OpenLoad(server.port, requests, plan.schedule(rate_per_s)) as load,
        ):
            swapper = Swapper(models, load, watch, keeps_previous=keeps_previous)
            await asyncio.sleep(plan.baseline_s)
            swaps = await _repeated(swapper, "promote", plan.swaps, plan.quiet_s)
            rollbacks = await _repeated(swapper, "rollback", plan.rollbacks, plan.quiet_s)
        return Timeline(load.records, watch.scrapes, swaps, rollbacks, load.cpu_share)

    with collector_off():
        return on_uvloop(play)


async def _repeated(swapper: Swapper, action: str, times: int, quiet_s: float) -> list[Swap]:
    swaps = []
    for number in range(1, times + 1):
        print(f"{action} {number} of {times}", end="\r", file=sys.stderr, flush=True)
        swaps.append(await swapper.swap(action))
        await asyncio.sleep(quiet_s)
    return swaps


@contextmanager
def collector_off() -> Iterator[None]:
    """Without Python's garbage collector in this process: its pauses would pass for the server's."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
