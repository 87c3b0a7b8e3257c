"""A pod as the kubelet treats it: a process that is started, probed until it is ready, and ended within its grace."""

import asyncio
import http.client
import json
import os
import re
import sys
from asyncio.subprocess import Process
from http import HTTPStatus
from pathlib import Path
from time import perf_counter
from typing import NamedTuple, Self

from benchmarks.client import HOST
from benchmarks.command import ROOT
from benchmarks.errors import MeasurementFailed
from benchmarks.rollout.deployment import Deployment, Probe
from service.settings import PREFIX

LISTENS = re.compile(r"running on http://[\d.]+:(\d+)")
OWN = ("--host", HOST, "--port", "0", "--admin-port", "0")
"""A pod has addresses of its own; processes on one machine take free ports of it."""
LEAST_STATUS, MOST_STATUS = 200, 399
"""With which a probe is content."""
TAIL = 2000
ASK_S = 10.0
UTTERANCE = json.dumps({"text": "wake me up"})


class Ended(NamedTuple):
    """How a pod ended: seconds from its deletion, its exit status, and whether that took a SIGKILL."""

    seconds: float
    status: int
    was_killed: bool


class Pod:
    """A process in a slot of the balancer; `port` is known once it listens."""

    def __init__(self, slot: str, process: Process, log: Path) -> None:
        self.slot = slot
        self.port = 0
        self._process = process
        self._log = log

    @classmethod
    async def started(cls, slot: str, deployment: Deployment, models: Path, folder: Path) -> Self:
        """A pod that serves models and is ready.

        Raises:
            MeasurementFailed: its startup probe failed too often, or the process ended; the end of its log is shown.
        """
        command = [sys.executable, "-m", "polyparse", "serve", *deployment.flags, *OWN]
        environ = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        log = folder / f"{slot}.log"
        with log.open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                *command, "--models", str(models), cwd=ROOT, env=environ, stdout=out, stderr=out
            )
        pod = cls(slot, process, log)
        try:
            await pod._until(deployment.startup, deployment)
            await pod._until(deployment.readiness, deployment)
        except BaseException:
            await pod.kill()
            raise
        return pod

    async def ended(self, deployment: Deployment) -> Ended:
        """Let it end as a pod that is deleted does: preStop, SIGTERM, and SIGKILL where the grace is over."""
        begun_s = perf_counter()
        was_killed = False
        try:
            async with asyncio.timeout(deployment.grace_s):
                await asyncio.sleep(deployment.pre_stop_s)
                self._process.terminate()
                status = await self._process.wait()
        except TimeoutError:
            was_killed = True
            status = await self.kill()
        return Ended(perf_counter() - begun_s, status, was_killed)

    async def kill(self) -> int:
        """End it at once, if it has not ended; its exit status."""
        if self._process.returncode is None:
            self._process.kill()
        return await self._process.wait()

    async def version(self) -> str | None:
        """The version by which it answers, asked past the balancer; None where it gives no frame."""
        return await asyncio.to_thread(_version, self.port)

    async def _until(self, probe: Probe, deployment: Deployment) -> None:
        """Ask a probe until it is content; a start may fail as often as its own probe allows."""
        failed = passed = 0
        while passed < probe.successes:
            if self._process.returncode is not None or failed >= deployment.startup.failures:
                raise MeasurementFailed(
                    f"{self.slot}: found {failed} failed probes of {probe.path}, status "
                    f"{self._process.returncode}, expected that it gets ready:\n{self._text()[-TAIL:]}"
                )
            is_well = await self._is_well(probe)
            passed, failed = (passed + 1, failed) if is_well else (0, failed + 1)
            if passed < probe.successes:
                await asyncio.sleep(probe.period_s)

    async def _is_well(self, probe: Probe) -> bool:
        if not self.port:
            if (found := LISTENS.search(self._text())) is None:
                return False
            self.port = int(found[1])
        return await asyncio.to_thread(_is_well, self.port, probe)

    def _text(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")


def _is_well(port: int, probe: Probe) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=probe.timeout_s)
    try:
        connection.request("GET", probe.path)
        return LEAST_STATUS <= connection.getresponse().status <= MOST_STATUS
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _version(port: int) -> str | None:
    connection = http.client.HTTPConnection(HOST, port, timeout=ASK_S)
    try:
        connection.request("POST", "/parse", UTTERANCE, {"content-type": "application/json"})
        answer = connection.getresponse()
        return str(json.load(answer)["model"]["version"]) if answer.status == HTTPStatus.OK else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
