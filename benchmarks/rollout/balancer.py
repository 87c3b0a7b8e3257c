"""HAProxy in the place of what spreads requests over the pods of a Service. It never sends a request a second time.

By *connection* it does what kube-proxy does: a connection goes to one pod at random and stays there until either side ends
it. By *request* it does what an ingress does: each request of a connection goes to the next pod.
"""

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from benchmarks.client import HOST
from benchmarks.errors import MeasurementFailed
from benchmarks.process import free_port, started
from benchmarks.rollout.deployment import Probe

HAPROXY = "haproxy"
By = Literal["connection", "request"]
BY: tuple[By, ...] = ("connection", "request")
HOW: dict[By, tuple[str, str]] = {"connection": ("tcp", "random(1)"), "request": ("http", "roundrobin")}
"""The mode of HAProxy, and how it chooses."""
MONITOR = "/balancer"
ANSWER_S = 10.0
CONFIGURATION = """\
global
    maxconn 8000
    stats socket {control} mode 600 level admin
defaults
    timeout connect 10s
    timeout client 60s
    timeout server 60s
    timeout check {check_ms}ms
    retries 0
    no option redispatch
frontend monitor
    mode http
    bind {host}:{monitor_port}
    monitor-uri {monitor}
listen polyparse
    mode {mode}
    bind {host}:{port}
    balance {balance}
    option httpchk
    http-check send meth GET uri {path} ver HTTP/1.1 hdr Host {host}
    http-check expect status 200-399
    default-server check inter {period_ms}ms fall {failures} rise {successes} disabled
{servers}
"""


class Balancer:
    """One that runs; `port` is where requests are sent. It knows no pod until one is admitted to a slot."""

    def __init__(self, port: int, control: Path) -> None:
        self.port = port
        self._control = control

    async def admit(self, slot: str, port: int) -> None:
        """Send requests to a pod at a port too."""
        await self._tell(f"set server polyparse/{slot} addr {HOST} port {port}")
        await self._tell(f"set server polyparse/{slot} state ready")

    async def remove(self, slot: str) -> None:
        """Send nothing new to a pod; what goes over its connections goes on."""
        await self._tell(f"set server polyparse/{slot} state maint")

    async def _tell(self, command: str) -> None:
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_unix_connection(str(self._control))
            try:
                writer.write(f"{command}\n".encode())
                said = (await reader.read()).decode().strip()
            finally:
                writer.close()
        if said and not said.startswith(("IP changed", "no need to change", "port changed")):
            raise MeasurementFailed(f"{command}: found {said!r}, expected that HAProxy does it")


@contextmanager
def balancing(folder: Path, probe: Probe, slots: Sequence[str], by: By) -> Iterator[Balancer]:
    """HAProxy with room for pods, which it asks whether they are ready, for the length of a `with`.

    Raises:
        MeasurementFailed: there is no HAProxy here, or it does not start.
    """
    if shutil.which(HAPROXY) is None:
        raise MeasurementFailed(f"found no {HAPROXY} on PATH, expected it, of version 2.6 or later")
    control, port = folder / "control", free_port()

    def told(monitor_port: int) -> Sequence[str]:
        file = folder / "haproxy.cfg"
        file.write_text(
            configuration(probe, slots, by, control=control, ports=(port, monitor_port)), encoding="utf-8"
        )
        return ("-f", str(file))

    with started([HAPROXY, "-db"], core=None, ready=MONITOR, listen=told):
        yield Balancer(port, control)


def configuration(
    probe: Probe, slots: Sequence[str], by: By, *, control: Path, ports: tuple[int, int]
) -> str:
    """HAProxy's configuration; `ports` are the one for requests and the one that says that it runs."""
    mode, balance = HOW[by]
    port, monitor_port = ports
    return CONFIGURATION.format(
        host=HOST,
        port=port,
        monitor_port=monitor_port,
        monitor=MONITOR,
        control=control,
        mode=mode,
        balance=balance,
        path=probe.path,
        check_ms=round(1e3 * probe.timeout_s),
        period_ms=round(1e3 * probe.period_s),
        failures=probe.failures,
        successes=probe.successes,
        servers="\n".join(f"    server {slot} {HOST}:1" for slot in slots),
    )
