"""What is rolled out: pods that serve one folder of models behind a balancer, and what a release does to them.

When a pod is deleted, Kubernetes takes it off the endpoints while its preStop runs: neither waits for the other. What
spreads requests hears of it, as it hears of a pod that has got ready, some time later: `notice_s`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from benchmarks.errors import MeasurementFailed
from benchmarks.rollout.balancer import Balancer
from benchmarks.rollout.deployment import Deployment
from benchmarks.rollout.pod import Ended, Pod
from benchmarks.swap.timeline import Models, run

CONVERGED_S = 120.0
"""Within that time every pod answers by the version that is wished for."""
POLL_S = 0.05


class Stage(NamedTuple):
    """A time in which something was done, in seconds of `perf_counter`; `version` is the one that all pods have after it."""

    name: str
    start_s: float
    end_s: float
    version: str


@dataclass
class Site:
    """Everything that runs; `slots` are those of the balancer that no pod has had yet."""

    deployment: Deployment
    balancer: Balancer
    models: Models
    folder: Path
    slots: list[str]
    notice_s: float
    pods: list[Pod] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    version: str = ""

    async def start(self, number: int) -> None:
        """Start so many pods more; returns once each is ready, is admitted and has stayed ready for as long as it must."""
        slots = [self.slots.pop(0) for _ in range(number)]
        starting = [Pod.started(slot, self.deployment, self.models.folder, self.folder) for slot in slots]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in starting]
        started = [task.result() for task in tasks]
        self.pods += started
        available = asyncio.create_task(asyncio.sleep(self.deployment.min_ready_s))
        await asyncio.sleep(self.notice_s)
        for pod in started:
            await self.balancer.admit(pod.slot, pod.port)
        await available

    async def end(self, pod: Pod) -> None:
        """Delete a pod."""
        self.pods.remove(pod)
        try:
            _, ended = await asyncio.gather(self._remove(pod), pod.ended(self.deployment))
        finally:
            await pod.kill()
        self.ended.append(ended)

    async def restart(self) -> None:
        """Replace every pod, as many at once as the surge allows: each ends only after another one is available."""
        old = list(self.pods)
        surge = self.deployment.surge(len(old))
        async with asyncio.TaskGroup() as group:
            while old:
                leaving, old = old[:surge], old[surge:]
                await self.start(len(leaving))
                for pod in leaving:
                    group.create_task(self.end(pod))

    async def promote(self) -> None:
        """Let the other version serve; returns once every pod answers by it."""
        await self._change("promote", self.models.second, [self.models.second])

    async def roll_back(self) -> None:
        """Let the first version serve again; returns once every pod answers by it."""
        await self._change("rollback", self.models.first, [])

    async def stage(self, name: str, act: Callable[[], Coroutine[None, None, None]]) -> Stage:
        """Do something, and note when."""
        start_s = perf_counter()
        await act()
        return Stage(name, start_s, perf_counter(), self.version)

    async def _remove(self, pod: Pod) -> None:
        await asyncio.sleep(self.notice_s)
        await self.balancer.remove(pod.slot)

    async def _change(self, action: str, version: str, words: Sequence[str]) -> None:
        await run(action, self.models, *words)
        self.version = version
        try:
            async with asyncio.timeout(CONVERGED_S):
                while {await pod.version() for pod in self.pods} != {version}:  # noqa: ASYNC110  other processes
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise MeasurementFailed(
                f"{action} {version}: found pods that answer by another version after {CONVERGED_S:g} s"
            ) from None


@asynccontextmanager
async def running(site: Site, replicas: int) -> AsyncIterator[None]:
    """So many pods of the first version, for the length of an `async with`."""
    await run("promote", site.models, site.models.first)
    site.version = site.models.first
    try:
        await site.start(replicas)
        yield
    finally:
        for pod in site.pods:
            await pod.kill()
