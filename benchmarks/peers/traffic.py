"""Requests a second over HTTP: the systems that have a server, all on one core, by turns, under the same load."""

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle, islice
from statistics import median
from typing import NamedTuple

from benchmarks.client import Traffic, post, send
from benchmarks.cores import pinned, split_here
from benchmarks.errors import MeasurementFailed
from benchmarks.process import READY, Server, started
from benchmarks.resident import resident_mb
from polyparse.corpora.read import Example

CONNECTIONS = 32
ROUND_S = 4.0


@dataclass(frozen=True, kw_only=True)
class Served:
    """A system's server: how it is started, what it is asked, and how many requests warm it up."""

    name: str
    command: Sequence[str]
    ready: str = READY
    variables: Mapping[str, str]
    requests: Sequence[bytes]
    warm_up: int


class Found(NamedTuple):
    """What was found of one server; memory is that after the load."""

    per_s: float
    rss_mb: float


def request(path: str, example: Example, *, with_locale: bool) -> bytes:
    """The request that asks for an utterance, with its locale where the server takes one."""
    body = {"text": example.text} | ({"locale": example.locale} if with_locale else {})
    return post(path, json.dumps(body, ensure_ascii=False).encode())


def measure(systems: Sequence[Served], *, rounds: int) -> dict[str, Found]:
    """The median rate of each server over rounds in which each is loaded in turn for about ROUND_S.

    Raises:
        MeasurementFailed: a server does not start, or answers otherwise than with 200.
    """
    cores = split_here()
    with pinned(cores.load), ExitStack() as stack:
        servers: dict[str, Server] = {}
        rates: dict[str, list[float]] = {}
        for system in systems:
            servers[system.name] = stack.enter_context(
                started(system.command, core=cores.server, ready=system.ready, variables=system.variables)
            )
            rates[system.name] = [_load(system, servers[system.name], system.warm_up).per_s]
        for _ in range(rounds):
            for system in systems:
                n_requests = max(CONNECTIONS, round(rates[system.name][0] * ROUND_S))
                rates[system.name].append(_load(system, servers[system.name], n_requests).per_s)
        return {
            name: Found(median(actual[1:]), resident_mb(servers[name].pid)) for name, actual in rates.items()
        }


def _load(system: Served, server: Server, n_requests: int) -> Traffic:
    requests = list(islice(cycle(system.requests), n_requests))
    traffic = send(server.port, requests, connections=CONNECTIONS)
    if traffic.errors:
        raise MeasurementFailed(f"{system.name}: found {dict(traffic.faults)}, expected only answers of 200")
    return traffic
