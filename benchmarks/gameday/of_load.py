"""Faults that callers bring: too many of them, too much that they hold, too slow."""

import asyncio
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from itertools import islice
from threading import Event

from benchmarks.client import HOST, on_uvloop, post
from benchmarks.gameday.fault import Fault, Signal
from benchmarks.gameday.runbook import Cause
from benchmarks.gameday.site import SICK, Site
from benchmarks.in_threads import in_threads
from benchmarks.open_loop import poisson
from benchmarks.overload import heavy
from benchmarks.overload.callers import Callers
from loadtest.address import Address
from loadtest.scenario import SlowCallers
from loadtest.slow_callers import present

PER_S = 500
CONNECTIONS = 256
SEED = 13
HOLDERS, HELD_BYTES = 300, 1_000_000
TIMEOUT_S = 30
SLOW_CONNECTIONS = 20
PAUSE_S = 0.2
"""Between two bytes."""


@contextmanager
def full_queue(site: Site) -> Iterator[None]:
    """Callers who do not wait for one another ask for more than two processes can do: ten hypotheses of long texts."""
    with (
        _beside(partial(_overload, site.sick.server.port)),
        _beside(partial(_overload, site.well.server.port)),
    ):
        yield


async def _overload(port: int, ended: asyncio.Event) -> None:
    requests = list(islice(heavy.requests(), CONNECTIONS))
    async with Callers(port, requests, poisson(PER_S, SEED), connections=CONNECTIONS):
        await ended.wait()


@contextmanager
def memory_pressure(site: Site) -> Iterator[None]:
    """A client who begins many large batches at one process, and finishes none."""
    head, _, body = post("/parse/batch", b" " * HELD_BYTES).partition(b"\r\n\r\n")
    begun = b"\r\n\r\n".join((head, body[:-1]))
    port = site.sick.server.port
    with ExitStack() as stack:
        for _ in range(HOLDERS):
            caller = stack.enter_context(socket.create_connection((HOST, port), timeout=TIMEOUT_S))
            with suppress(OSError):  # one that is thrown out at once holds nothing
                caller.sendall(begun)
        yield


@contextmanager
def slow_client(site: Site) -> Iterator[None]:
    """One client who opens connections to one process, and sends heads byte by byte."""
    with _beside(partial(_trickle, site.sick.server.port)):
        yield


async def _trickle(port: int, ended: asyncio.Event) -> None:
    crowd = SlowCallers(kind="slow_head", count=SLOW_CONNECTIONS, pause_s=PAUSE_S)
    async with present(Address("http", HOST, port, ""), [crowd]):
        await ended.wait()


@contextmanager
def _beside(work: Callable[[asyncio.Event], Coroutine[None, None, None]]) -> Iterator[None]:
    """Let a loop in a thread of its own do something for the length of a `with`."""

    async def until(ended: Event) -> None:
        told = asyncio.Event()
        working = asyncio.create_task(work(told))
        await asyncio.to_thread(ended.wait)
        told.set()
        await working

    with in_threads([lambda ended: on_uvloop(partial(until, ended))]):
        yield


FAULTS = (
    Fault(
        "full_queue",
        Signal("rate of polyparse_refusals_total", "sum(rate(polyparse_refusals_total[5m]))"),
        "PolyparseRefusesRequests",
        Cause("polyparse_refusals_total", "reason", "queue_full", 0),
        full_queue,
    ),
    Fault(
        "memory_pressure",
        Signal("process_resident_memory_bytes", "max(process_resident_memory_bytes)"),
        "PolyparseMemoryShort",
        Cause("polyparse_connections", "instance", SICK, HOLDERS / 2),
        memory_pressure,
    ),
    Fault(
        "slow_client",
        Signal(
            "rate of polyparse_requests_total, head_timeout",
            'sum(rate(polyparse_requests_total{outcome="head_timeout"}[5m]))',
        ),
        "PolyparseSlowClients",
        Cause("polyparse_requests_total", "outcome", "head_timeout", 0),
        slow_client,
    ),
)
