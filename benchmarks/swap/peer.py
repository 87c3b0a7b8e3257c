"""MLServer as what is swapped: its model is loaded again and again, under load at the same share of its own capacity."""

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.client import exchange, on_uvloop, post
from benchmarks.command import ROOT
from benchmarks.cores import pinned, split_here
from benchmarks.open_loop import OpenLoad
from benchmarks.peers import environment
from benchmarks.peers.environment import Unavailable
from benchmarks.peers.peer import ONE_THREAD, Peer
from benchmarks.process import Server, free_port, started
from benchmarks.swap.figures import n_failed, tail
from benchmarks.swap.load import Plan, capacity
from benchmarks.swap.timeline import collector_off
from benchmarks.swap.windows import Window

MODULE = "benchmarks.swap.peer_server"
MODEL = "sleeper"
MLSERVER = Peer(name="mlserver", title="MLServer 1.7.1", module=MODULE, settings={})
INPUT = b'{"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1.0]}]}'
REQUESTS = [post(f"/v2/models/{MODEL}/infer", INPUT)]
SETTLE_S = 1.0
"""How long after a reload what has waited for it may still be answered; polyparse's windows wait for its memory as long."""
RELOAD = post(f"/v2/repository/models/{MODEL}/load", b"{}")


def installed(work: Path) -> Path | None:
    """The interpreter of MLServer's own environment, or None, with the reason on stderr, where it cannot be made."""
    try:
        return environment.ready(MLSERVER, work.absolute() / MLSERVER.name / "venv")
    except Unavailable as error:
        print(f"skipped: {error}", file=sys.stderr)
        return None


def measure(python: Path, plan: Plan) -> dict[str, float]:
    """The figures of one run, by the names that polyparse's have."""
    cores = split_here()
    with pinned(cores.load), _serving(python, cores.server) as server:
        rate_per_s = plan.share * (capacity_per_s := capacity(server, REQUESTS, plan.capacity_s))
        with collector_off():
            load, windows = on_uvloop(lambda: _reloads(server, rate_per_s, plan))
    return {
        "failed": n_failed(load.records),
        **tail(load.records, windows)._asdict(),
        "window_s": median(window.end_s - window.start_s for window in windows),
        "capacity_per_s": capacity_per_s,
        "load_per_s": rate_per_s,
    }


async def _reloads(server: Server, rate_per_s: float, plan: Plan) -> tuple[OpenLoad, list[Window]]:
    """The load, and a window for each reload: from its request until SETTLE_S after its answer."""
    windows: list[Window] = []
    async with OpenLoad(server.port, REQUESTS, plan.schedule(rate_per_s)) as load:
        await asyncio.sleep(plan.baseline_s)
        for number in range(1, plan.swaps + 1):
            print(f"{MLSERVER.name}: reload {number} of {plan.swaps}", end="\r", file=sys.stderr, flush=True)
            start_s = perf_counter()
            await exchange(server.port, [RELOAD], connections=1)
            windows.append(Window(start_s, perf_counter() + SETTLE_S))
            await asyncio.sleep(SETTLE_S + plan.quiet_s)
    return load, windows


@contextmanager
def _serving(python: Path, core: int | None) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="polyparse-swap-") as scratch:
        folder = Path(scratch, MODEL)
        folder.mkdir()
        ports = [str(free_port()) for _ in range(2)]
        command = [
            str(python),
            "-m",
            MODULE,
            str(folder),
            "--grpc-port",
            ports[0],
            "--metrics-port",
            ports[1],
        ]
        variables = {**ONE_THREAD, "PYTHONPATH": str(ROOT)}
        with started(command, core=core, ready=f"/v2/models/{MODEL}/ready", variables=variables) as server:
            yield server
