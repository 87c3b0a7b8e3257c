"""An open-loop load on a service that runs already, and what its callers notice, second by second.

    python -m benchmarks.watch --port 8080 --per-s 500 --seconds 30

It promotes nothing: that is done beside it, by hand.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from benchmarks import command
from benchmarks.client import on_uvloop
from benchmarks.open_loop import OpenLoad, Record, poisson
from benchmarks.serving import request, utterances_for
from polyparse.bundle import store
from polyparse.errors import PolyparseError

SEED = 7
N_UTTERANCES = 4000
OK = 200
HEADER = "second  answers  failed  p50 ms  p99 ms  max ms  versions"


class Second(NamedTuple):
    """What became of the requests that were meant to be sent within one second; `versions` are counts of answers."""

    answers: int
    failed: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    versions: Counter[str]

    def line(self, number: int) -> str:
        """As a row under HEADER."""
        versions = ", ".join(f"{version} {count}" for version, count in sorted(self.versions.items()))
        return (
            f"{number:6}  {self.answers:7}  {self.failed:6}  {self.p50_ms:6.1f}  {self.p99_ms:6.1f}"
            f"  {self.max_ms:6.1f}  {versions}"
        )


def second(records: Sequence[Record]) -> Second:
    """The figures of at least one request; latency counts from the moment at which it was meant to be sent."""
    latencies_ms = sorted(1000 * record.latency_s for record in records)
    versions = Counter(record.version for record in records if record.version is not None)
    return Second(
        answers=sum(record.status == OK for record in records),
        failed=sum(record.status != OK for record in records),
        p50_ms=latencies_ms[len(latencies_ms) // 2],
        p99_ms=latencies_ms[len(latencies_ms) * 99 // 100],
        max_ms=latencies_ms[-1],
        versions=versions,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.watch", __doc__)
    command.counts(
        parser,
        ("--port", 8080, "where the service listens"),
        ("--per-s", 500, "requests a second"),
        ("--seconds", 30, "how long"),
    )
    options = parser.parse_args(argv)
    try:
        located = store.locate(options.bundle)
        requests = [request(each) for each in utterances_for(options.corpus, N_UTTERANCES, located.bundle)]
        show = partial(print, flush=True)
        on_uvloop(partial(watch, options.port, requests, options.per_s, options.seconds, show))
    except PolyparseError as error:
        print(f"refused: {error}", file=sys.stderr)
        return 2
    return 0


async def watch(
    port: int, requests: Sequence[bytes], per_s: int, seconds: int, show: Callable[[str], None]
) -> None:
    """Send the load, and show each second once all of its requests have had a second more to be answered."""
    show(HEADER)
    async with OpenLoad(port, requests, poisson(per_s, SEED)) as load:
        start_s = load.start_s
        for number in range(seconds + 1):
            await asyncio.sleep(1)
            if number:
                _show_second(load.records, start_s, number, show)
    if unanswered := [record for record in load.records if record.status == 0]:
        show(f"{len(unanswered)} requests had no answer in time")


def _show_second(records: Sequence[Record], start_s: float, number: int, show: Callable[[str], None]) -> None:
    within = [record for record in records if number - 1 <= record.intended_s - start_s < number]
    if within:
        show(second(within).line(number))


if __name__ == "__main__":
    sys.exit(main())
