"""What several workers cost and give, beside one: CPU time a request, shares of the requests, a scrape, the supervisor.

One and two workers get the same utterances by turns, each on a core of its own and from as many callers, and the load comes
from the last core, which is that of the second worker where there are two; user and system time of all processes, the
supervisor's too, are read before and after. A ratio is taken within a turn. Where there are four cores or more, the rate of
two workers on two cores is compared with that of one on one; else that is not verified.
"""

import http.client
import os
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks import command
from benchmarks.client import HOST, send
from benchmarks.cores import Cores, pinned, split
from benchmarks.crew import cpu_seconds, places, requests_of
from benchmarks.errors import MeasurementFailed
from benchmarks.process import Server, started
from benchmarks.resident import resident_mb
from benchmarks.responses import Cutter
from benchmarks.result import Result, Target
from benchmarks.serving import request, utterances_for
from loadtest.cores import on
from polyparse.bundle import store

TARGETS = {
    "share_min": Target(">=", 0.4),
    "share_max": Target("<=", 0.6),
    "cpu_per_request_ratio": Target("<=", 1.1),
    "scrape_ms": Target("<=", 50),
    "supervisor_rss_mb": Target("<=", 40),
    "errors": Target("==", 0),
}
RATE_TARGETS = {"rate_ratio": Target(">=", 1.8)}
"""Where there are cores enough."""
CORES_FOR_RATES = 4
CONNECTIONS = 32
SCRAPED_WORKERS = 4
SERVE = [
    sys.executable,
    "-m",
    "polyparse",
    "serve",
    "--device",
    "cpu",
    "--threads",
    "1",
    "--lame-duck-s",
    "0",
]
TIMEOUT_S = 30.0


class Plan(NamedTuple):
    """How much is measured: turns, connections opened for a request each, scrapes."""

    turns: int
    short: int
    scrapes: int


class Pass(NamedTuple):
    """What one pass over all requests found: microseconds of CPU time a request, the rate, and what was not answered."""

    cpu_us: float
    per_s: float
    errors: int


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.workers", __doc__)
    command.counts(
        parser,
        ("--turns", 12, "turns"),
        ("--utterances", 4000, "utterances, each of which is sent once a pass"),
        ("--short", 1000, "requests a pass that get a connection each"),
        ("--scrapes", 50, "scrapes of /metrics"),
    )
    options = parser.parse_args(argv)
    plan = Plan(options.turns, options.short, options.scrapes)
    return command.run(
        lambda: measure(options.bundle, options.corpus, options.utterances, plan), json=options.json
    )


def measure(models: Path, spec: str, n_utterances: int, plan: Plan) -> Result:
    """Measure everything, one part after the other."""
    utterances = utterances_for(spec, n_utterances, store.locate(models).bundle)
    requests = [request(utterance) for utterance in islice(cycle(utterances), n_utterances)]
    serve = [*SERVE, "--models", str(models.absolute())]
    usable = sorted(os.sched_getaffinity(0))
    cores = split(usable)
    with pinned(cores.load):
        figures = {
            **_costs(serve, requests, usable, plan),
            **_scrapes(serve, requests, cores, plan.scrapes),
            **_rates(serve, requests, usable, plan.turns),
        }
    targets = {key: target for key, target in {**TARGETS, **RATE_TARGETS}.items() if key in figures}
    return Result("workers", figures, targets)


def _costs(
    serve: Sequence[str], requests: Sequence[bytes], usable: Sequence[int], plan: Plan
) -> dict[str, float]:
    """One worker and two by turns, over connections that are kept and over one for each request."""
    with ExitStack() as stack:
        one, two = (stack.enter_context(_workers(serve, workers, None)) for workers in (1, 2))
        for server in (one, two):
            _place(server, usable)
            _pass(server, requests)
        kept, same_callers, short = [], [], []
        before = _answered(two)
        for turn in range(plan.turns):
            order = (one, two) if turn % 2 else (two, one)
            callers = {one: CONNECTIONS, two: 2 * CONNECTIONS}
            kept.append({server: _pass(server, requests, callers[server]) for server in order})
            same_callers.append(_pass(two, requests).cpu_us / kept[-1][one].cpu_us)
            short.append({server: _short_pass(server, requests[: plan.short]) for server in order})
        answered = {number: count - before[number] for number, count in _answered(two).items()}
        supervisor_rss_mb = resident_mb(two.pid)
    shares = [count / sum(answered.values()) for count in answered.values()]
    return {
        "share_min": min(shares),
        "share_max": max(shares),
        "cpu_per_request_ratio": median(turn[two].cpu_us / turn[one].cpu_us for turn in kept),
        "cpu_ratio_same_callers": median(same_callers),
        "cpu_us_one": median(turn[one].cpu_us for turn in kept),
        "cpu_us_two": median(turn[two].cpu_us for turn in kept),
        "short_cpu_ratio": median(turn[two].cpu_us / turn[one].cpu_us for turn in short),
        "short_cpu_us_one": median(turn[one].cpu_us for turn in short),
        "short_cpu_us_two": median(turn[two].cpu_us for turn in short),
        "supervisor_rss_mb": supervisor_rss_mb,
        "errors": sum(each.errors for turn in [*kept, *short] for each in turn.values()),
    }


def _scrapes(serve: Sequence[str], requests: Sequence[bytes], cores: Cores, scrapes: int) -> dict[str, float]:
    """How long a scrape takes of four workers that have all series, and serve nobody else."""
    with _workers(serve, SCRAPED_WORKERS, cores.server) as server:
        send(server.port, requests, connections=CONNECTIONS)
        taken_ms = [_scrape_ms(server) for _ in range(scrapes)]
    return {"scrape_ms": median(taken_ms), "scrape_max_ms": max(taken_ms)}


def _rates(
    serve: Sequence[str], requests: Sequence[bytes], usable: Sequence[int], turns: int
) -> dict[str, float]:
    """Two workers on two cores over one on one; nothing where there are too few cores."""
    if len(usable) < CORES_FOR_RATES:
        print(f"rate_ratio: not verified, found {len(usable)} cores, expected {CORES_FOR_RATES} or more")
        return {}
    with ExitStack() as stack:
        servers = []
        for workers in (1, 2):
            with on(frozenset(usable[:workers])):
                servers.append(stack.enter_context(_workers(serve, workers, None)))
        rates = [{each: _pass(each, requests).per_s for each in servers} for _ in range(turns + 1)][1:]
    one, two = servers
    return {
        "rate_ratio": median(turn[two] / turn[one] for turn in rates),
        "per_s_one": median(turn[one] for turn in rates),
        "per_s_two": median(turn[two] for turn in rates),
    }


def _place(server: Server, usable: Sequence[int]) -> None:
    """Let each worker run on a core of its own, as far as there are some; threads that it starts later do too."""
    for pid, place in places(server.pid).items():
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {usable[place.number % len(usable)]})


def _workers(serve: Sequence[str], workers: int, core: int | None) -> AbstractContextManager[Server]:
    return started([*serve, "--workers", str(workers)], core=core)


def _pass(server: Server, requests: Sequence[bytes], connections: int = CONNECTIONS) -> Pass:
    """All requests, over connections that are kept."""
    before = _cpu_seconds(server)
    traffic = send(server.port, requests, connections=connections)
    spent_s = _cpu_seconds(server) - before
    return Pass(1e6 * spent_s / len(requests), traffic.per_s, traffic.errors)


def _short_pass(server: Server, requests: Sequence[bytes]) -> Pass:
    """All requests, each over a connection of its own, one after the other."""
    before, started_s = _cpu_seconds(server), time.perf_counter()
    answers = [_ask(server, each) for each in requests]
    seconds, spent_s = time.perf_counter() - started_s, _cpu_seconds(server) - before
    errors = sum(status != 200 for status in answers)
    return Pass(1e6 * spent_s / len(requests), len(requests) / seconds, errors)


def _ask(server: Server, asked: bytes) -> int:
    """The status of the answer."""
    cutter = Cutter()
    with socket.create_connection((HOST, server.port), TIMEOUT_S) as connection:
        connection.sendall(asked)
        while data := connection.recv(65_536):
            for answer in cutter.feed(data):
                return answer.status
    return 0


def _cpu_seconds(server: Server) -> float:
    """CPU time of a service, all its processes together."""
    return cpu_seconds(server.pid) + sum(cpu_seconds(pid) for pid in places(server.pid))


def _answered(server: Server) -> dict[int, int]:
    """Requests that each worker has answered until now."""
    _scrape_ms(server)
    return requests_of(next(iter(places(server.pid).values())).folder)


def _scrape_ms(server: Server) -> float:
    started_s = time.perf_counter()
    with closing(http.client.HTTPConnection(HOST, server.port, timeout=TIMEOUT_S)) as connection:
        connection.request("GET", "/metrics")
        if (response := connection.getresponse()).status != 200 or not response.read():
            raise MeasurementFailed(f"port {server.port}: found {response.status}, expected metrics")
    return 1e3 * (time.perf_counter() - started_s)


if __name__ == "__main__":
    sys.exit(main())
