"""A long run of ordinary traffic with whatever goes wrong in it: what the service holds must not grow.

Frames, batches, refusals, errors, connections that end in the middle, and scrapes, for an hour or as long as one likes. The
first quarter is for caches to fill; what is held in the second quarter is compared with what is held in the last.
"""

import http.client
import json
import random
import sys
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from statistics import median
from time import monotonic, sleep
from typing import NamedTuple

from benchmarks import command
from benchmarks.client import HOST, post, send
from benchmarks.cores import pinned, split_here
from benchmarks.process import Server, started
from benchmarks.reset import reset
from benchmarks.resident import resident_mb
from benchmarks.result import Result, Target
from benchmarks.serving import PARSE, request, utterances_for
from polyparse.bundle import store
from polyparse.contract.frame import Utterance

TARGETS = {
    "soak_rss_growth_mb": Target("<=", 8.0),
    "soak_descriptors_growth": Target("<=", 0),
    "soak_threads_growth": Target("<=", 0),
    "soak_failed": Target("==", 0),
}
N_UTTERANCES = 4000
CONNECTIONS = 32
PART = 1000
"""Requests between two looks."""
RESETS = 5
SEED = 3
PATIENT = ("--max-wait-ms", "60000")
"""It shall answer all that is asked: a busy machine is no fault."""
WRONG = (b"{", b'{"text": ""}', b'{"text": 1}', b'{"text": "a", "locale": "xx"}', b'{"texts": []}')


class Held(NamedTuple):
    """What a process holds."""

    resident_mb: float
    descriptors: int
    threads: int


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.soak", __doc__)
    command.counts(parser, ("--seconds", 3600, "how long"))
    options = parser.parse_args(argv)

    def measure_it() -> Result:
        located = store.locate(options.bundle)
        utterances = utterances_for(options.corpus, N_UTTERANCES, located.bundle)
        return Result("soak", measure(options.bundle, utterances, options.seconds), TARGETS)

    return command.run(measure_it, json=options.json)


def measure(models: Path, utterances: Sequence[Utterance], seconds: float) -> dict[str, float]:
    """The figures."""
    cores = split_here()
    looks: list[Held] = []
    failed = total = 0
    with (
        pinned(cores.load),
        started([*PARSE, *PATIENT, "--models", str(models.absolute())], core=cores.server) as server,
    ):
        traffic, drawn = _traffic(utterances), random.Random(SEED)  # noqa: S311 - not cryptography
        ends_s = monotonic() + seconds
        while monotonic() < ends_s or len(looks) < 8:
            answers = send(server.port, [next(traffic) for _ in range(PART)], connections=CONNECTIONS)
            total += PART
            failed += answers.errors
            _misbehave(server, drawn)
            looks.append(_settled(server))
    early, late = looks[len(looks) // 4 : len(looks) // 2], looks[-len(looks) // 4 :]
    return {
        "soak_rss_growth_mb": median(each.resident_mb for each in late)
        - median(each.resident_mb for each in early),
        "soak_descriptors_growth": _least(late).descriptors - _least(early).descriptors,
        "soak_threads_growth": _least(late).threads - _least(early).threads,
        "soak_failed": failed,
        "soak_requests": total,
        "soak_rss_mb": looks[-1].resident_mb,
    }


def _traffic(utterances: Sequence[Utterance]) -> Iterator[bytes]:
    """Singles, with a batch now and then."""
    singles = cycle([request(each) for each in utterances])
    for number in cycle(range(0, len(utterances) - 20, 20)):
        for _ in range(50):
            yield next(singles)
        items = [{"text": each.text, "locale": each.locale} for each in utterances[number : number + 20]]
        yield post("/parse/batch", json.dumps({"items": items}).encode())


def _misbehave(server: Server, drawn: random.Random) -> None:
    """Requests that are wrong, connections that are reset in the middle, a scrape."""
    connection = http.client.HTTPConnection(HOST, server.port, timeout=30)
    for body in WRONG:
        connection.request("POST", "/parse", body, {"content-type": "application/json"})
        connection.getresponse().read()
    connection.request("GET", "/metrics")
    connection.getresponse().read()
    connection.close()
    whole = post("/parse", b'{"text": "wake me up at nine"}')
    for _ in range(RESETS):
        reset(server.port, whole[: drawn.randrange(len(whole) + 1)])


def _settled(server: Server) -> Held:
    """What a process holds once nothing of it goes any more, or after a few seconds."""
    held = _held(server)
    for _ in range(20):
        sleep(0.1)
        before, held = held, _held(server)
        if held.descriptors >= before.descriptors:
            break
    return held


def _held(server: Server) -> Held:
    folder = Path(f"/proc/{server.pid}")
    descriptors, threads = (sum(1 for _ in (folder / each).iterdir()) for each in ("fd", "task"))
    return Held(resident_mb(server.pid), descriptors, threads)


def _least(looks: Sequence[Held]) -> Held:
    """The least of each: connections come and go."""
    return Held(*(min(each) for each in zip(*looks, strict=True)))


if __name__ == "__main__":
    sys.exit(main())
