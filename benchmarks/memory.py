"""How much memory callers can make the service take: resident memory before and after texts that nobody sends who means
well (benchmarks/hostile.py), with connections that are reset in the middle of a request.

All of it counts, whatever keeps it: the service's caches, Python's allocator, the C library's, the runtime's.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from benchmarks import command
from benchmarks.client import post, send
from benchmarks.cores import pinned, split_here
from benchmarks.hostile import requests
from benchmarks.process import Server, started
from benchmarks.reset import reset
from benchmarks.resident import resident_mb
from benchmarks.result import Result, Target
from benchmarks.serving import PARSE, request
from polyparse.bundle import golden, store
from polyparse.contract.frame import Utterance

TARGETS = {"rss_growth_mb": Target("<=", 64.0), "failed": Target("==", 0)}
CONNECTIONS = 32
PART = 500
"""Texts between two looks at the memory."""
RESETS = 10
"""Connections that are reset after each part."""
SHOWN = 10
"""Kinds of failures that are printed, the most frequent first."""
ORDINARY = 500
"""Requests that go before: the first ones of a process allocate, whatever they ask."""
SEED = 11
PATIENT = ("--max-wait-ms", "60000", "--queue-tokens", "1000000")
"""Such texts take long, and are long: it shall parse them all, and refuse none for the time or the room that they wait in.
Those of all connections together are more than its queue holds by default."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.memory", __doc__)
    command.counts(parser, ("--texts", 100_000, "texts, each another one"))
    options = parser.parse_args(argv)
    return command.run(lambda: measure(options.bundle, options.texts), json=options.json)


def measure(models: Path, n_texts: int) -> Result:
    """Start the service, let it be, then be hostile."""
    cores = split_here()
    with (
        pinned(cores.load),
        started([*PARSE, *PATIENT, "--models", str(models.absolute())], core=cores.server) as server,
    ):
        send(server.port, list(islice(_ordinary(models), ORDINARY)), connections=CONNECTIONS)
        return Result("memory", figures(server, n_texts), TARGETS)


def figures(server: Server, n_texts: int) -> dict[str, float]:
    """The figures of a server that has answered ordinary requests."""
    before_mb = resident_mb(server.pid)
    seen_mb = [before_mb]
    hostile = requests(SEED)
    answered = 0
    faults: Counter[str] = Counter()
    started_s = time.perf_counter()
    for first in range(0, n_texts, PART):
        part = list(islice(hostile, min(PART, n_texts - first)))
        traffic = send(server.port, part, connections=CONNECTIONS)
        answered += len(traffic.latencies_s)
        faults.update({fault: n for fault, n in traffic.faults.items() if not fault.startswith("422 ")})
        for number in range(RESETS):
            whole = part[number % len(part)]
            reset(server.port, whole[: len(whole) * number // (RESETS - 1)])
        seen_mb.append(resident_mb(server.pid))
        print(f"{first + len(part)} texts, {seen_mb[-1]:.0f} MB", end="\r", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    for fault, count in faults.most_common(SHOWN):
        print(f"{count} x {fault}", file=sys.stderr)
    return {
        "rss_growth_mb": max(seen_mb) - before_mb,
        "rss_before_mb": before_mb,
        "rss_after_mb": seen_mb[-1],
        "rss_after_half_mb": seen_mb[len(seen_mb) // 2],
        "texts": n_texts,
        "answered": answered,
        "failed": faults.total(),
        "texts_per_s": n_texts / (time.perf_counter() - started_s),
    }


def _ordinary(models: Path) -> Iterator[bytes]:
    """The bundle's golden utterances, again and again; a text of nothing but marks among them."""
    bundle = store.locate(models).bundle
    entries = golden.load(bundle / store.verify(bundle).golden)
    while True:
        yield from (request(Utterance(entry.text, entry.locale)) for entry in entries)
        yield post("/parse", b'{"text": "?!"}')


if __name__ == "__main__":
    sys.exit(main())
