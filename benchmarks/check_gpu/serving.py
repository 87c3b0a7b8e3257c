"""The service on CUDA: requests over some connections, the device's memory, swaps, and a device that is lost."""

import http.client
import json
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from urllib.request import urlopen

from benchmarks.client import HOST, on_uvloop, send
from benchmarks.errors import MeasurementFailed
from benchmarks.process import READY, Server, is_ready, started
from benchmarks.swap.service import copied
from benchmarks.swap.timeline import Models, run
from loadtest.percentiles import percentile

CONNECTIONS = (32, 256)
SWAPS = 20
SWAP_S = 60.0
LOST_S = 10.0
POLL_S = 0.05
LATCHED = 5
"""Looks at a service whose device is lost, one a second or so: it must not be ready in any of them."""
USED = re.compile(r'^polyparse_accelerator_memory_bytes\{kind="used"\} (\S+)$', re.MULTILINE)


def serve(device: str) -> list[str]:
    """The command that serves on a device, without rehearsals: what is measured is this process."""
    return ["serve", "--device", device, "--lame-duck-s", "0", "--rehearsal", "off", "--keep-previous", "off"]


def figures(
    models: Path, requests: Sequence[bytes], device: str, *, count: int, swaps: int = SWAPS
) -> dict[str, float]:
    """Load, traffic, swaps, and what the device held after each."""
    with TemporaryDirectory() as folder:
        both = copied(models, Path(folder))
        on_uvloop(partial(run, "promote", both, both.first))
        command = [sys.executable, "-m", "polyparse", *serve(device), "--models", str(both.folder)]
        with started(command, core=None) as server:
            actual: dict[str, float] = {"ready_s": server.ready_s} | _memory(server, "load")
            for connections in CONNECTIONS:
                sent = send(server.port, list(islice(cycle(requests), count)), connections=connections)
                ordered = sorted(sent.latencies_s)
                actual |= {
                    f"parse_per_s_{connections}": sent.per_s,
                    f"parse_p50_ms_{connections}": 1e3 * percentile(ordered, 0.5),
                    f"parse_p99_ms_{connections}": 1e3 * percentile(ordered, 0.99),
                    f"parse_errors_{connections}": sent.errors,
                }
            actual |= _memory(server, "traffic")
            actual |= _swapped(server, both, requests[0], swaps) | _memory(server, "swaps")
    return actual


def lost(models: Path, request: bytes, device: str) -> dict[str, float]:
    """Whether a fatal error of the device fails readiness and liveness, and neither comes back."""
    with TemporaryDirectory() as folder:
        harm = Path(folder, "harm")
        command = [sys.executable, "-m", "benchmarks.check_gpu.doomed", str(harm), *serve(device)]
        with started([*command, "--models", str(models.absolute())], core=None) as server:
            send(server.port, [request] * 8, connections=1)
            harm.touch()
            ends_s = perf_counter() + LOST_S
            while is_ready(server.port) and perf_counter() < ends_s:
                time.sleep(POLL_S)
            looks = [_status(server.port, path) for _ in range(LATCHED) for path in (READY, "/health/live")]
    return {"lost_device_latches": float(all(status == 503 for status in looks))}


def _swapped(server: Server, both: Models, request: bytes, swaps: int) -> dict[str, float]:
    """Promote by turns; the seconds until the other version answers."""
    seconds: list[float] = []
    wished = both.first
    with _asking(server.port) as ask:
        for _ in range(swaps):
            wished, started_s = both.other(wished), perf_counter()
            on_uvloop(partial(run, "promote", both, wished))
            while ask(request) != wished:
                if perf_counter() - started_s > SWAP_S:
                    raise MeasurementFailed(f"found no answer of {wished} in {SWAP_S:g} s, expected a swap")
                time.sleep(POLL_S)
            seconds.append(perf_counter() - started_s)
    return {"swaps": len(seconds), "swap_p50_s": percentile(sorted(seconds), 0.5), "swap_max_s": max(seconds)}


@contextmanager
def _asking(port: int) -> "Iterator[_Ask]":
    connection = http.client.HTTPConnection(HOST, port, timeout=SWAP_S)
    try:
        yield _Ask(connection)
    finally:
        connection.close()


class _Ask:
    """Which version answers a request."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self._connection = connection

    def __call__(self, request: bytes) -> str:
        body = request.partition(b"\r\n\r\n")[2]
        self._connection.request("POST", "/parse", body, {"Content-Type": "application/json"})
        answer = json.loads(self._connection.getresponse().read())
        version: str = answer.get("model", {}).get("version", "")
        return version


def _memory(server: Server, after: str) -> dict[str, float]:
    """The device's memory as the service tells it; nothing where none is told, as on a CPU."""
    with urlopen(f"http://{HOST}:{server.port}/metrics") as response:
        found = USED.search(response.read().decode())
    return {f"device_mb_after_{after}": float(found[1]) / 1e6} if found else {}


def _status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
        time.sleep(POLL_S)
