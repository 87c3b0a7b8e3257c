"""How much load, and for how long: the plan of a run, and the capacity of which the load is a share."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Literal

from benchmarks.client import send
from benchmarks.errors import MeasurementFailed
from benchmarks.open_loop import poisson, uniform
from benchmarks.process import Server

CONNECTIONS = 32
PROBE = 500
"""Requests that warm a server up, and tell how many it answers a second."""
SEED = 7
ARRIVALS = ("poisson", "uniform")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Numbers and seconds of one run; `share` is the part of the capacity that the load takes."""

    swaps: int
    rollbacks: int
    share: float
    arrivals: Literal["poisson", "uniform"]
    capacity_s: float
    baseline_s: float
    quiet_s: float

    def schedule(self, rate_per_s: float) -> Iterator[float]:
        """When requests are meant to be sent, in seconds from the start."""
        return poisson(rate_per_s, SEED) if self.arrivals == "poisson" else uniform(rate_per_s)


def capacity(server: Server, requests: Sequence[bytes], seconds: float) -> float:
    """Answers a second over CONNECTIONS that each wait for their answer before they ask again.

    Raises:
        MeasurementFailed: one was not a 200.
    """
    per_s = _per_s(server, requests, PROBE)
    return _per_s(server, requests, max(PROBE, round(per_s * seconds)))


def _per_s(server: Server, requests: Sequence[bytes], count: int) -> float:
    traffic = send(server.port, list(islice(cycle(requests), count)), connections=CONNECTIONS)
    if traffic.errors:
        raise MeasurementFailed(f"found {dict(traffic.faults)}, expected only answers of 200")
    return traffic.per_s
