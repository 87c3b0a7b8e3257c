"""Fuzzing: requests that nobody would think of, against `polyparse serve`, while somebody who means well asks all the time.

No answer may be a failure, no slot anything but a slice of its text, no refusal without its problem document; each request
of a connection is answered in its turn, and nothing hidden in a body is; the neighbour's answers stay right; and nothing is
left behind.
"""

import http.client
import json
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

from benchmarks import command
from benchmarks.client import HOST
from benchmarks.errors import MeasurementFailed
from benchmarks.fuzz import described, documents, texts, wire
from benchmarks.fuzz.case import Case
from benchmarks.fuzz.drive import Drive
from benchmarks.fuzz.judge import faults
from benchmarks.fuzz.neighbour import Neighbour
from benchmarks.fuzz.talk import talk
from benchmarks.process import Server, is_ready, started
from benchmarks.resident import resident_mb
from benchmarks.result import Result, Target
from benchmarks.serving import PARSE
from polyparse.bundle import golden, store

TARGETS = {
    "fuzz_failed": Target("==", 0),
    "neighbour_failed": Target("==", 0),
    "fuzz_rss_growth_mb": Target("<=", 64.0),
    "descriptors_left": Target("<=", 0),
    "alive": Target("==", 1),
}
SHARES: Mapping[str, float] = {"text": 0.3, "json": 0.25, "wire": 0.35, "schema": 0.1}
"""Kind -> its share of the cases."""
PATIENT = ("--max-wait-ms", "60000")
QUESTIONS = 20
"""Golden utterances that the neighbour asks for."""
WARM = 200
"""Cases that go before memory is looked at: the first ones of a process allocate, whatever they ask."""
GONE_S = 20.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.fuzz", __doc__)
    command.counts(parser, ("--cases", 2_000, "connections"), ("--seed", 1, "equal seeds make equal cases"))
    parser.add_argument(
        "--kinds", nargs="+", choices=list(SHARES), default=list(SHARES), help="default: all of them"
    )
    options = parser.parse_args(argv)
    return command.run(
        lambda: measure(options.bundle, options.cases, seed=options.seed, kinds=options.kinds),
        json=options.json,
    )


def measure(models: Path, cases: int, *, seed: int = 1, kinds: Sequence[str] = tuple(SHARES)) -> Result:
    """Start the service, and try so many cases."""
    with started([*PARSE, *PATIENT, "--models", str(models.absolute())], core=None) as server:
        strategies = _strategies(server.port, kinds)
        warm = Drive(partial(_attempt, server.port))
        _run(warm, strategies, seed + 1_000_000, WARM)
        before = _Held.now(server.pid)
        with Neighbour(server.port, _questions(models)) as neighbour:
            drive = Drive(partial(_attempt, server.port))
            _run(drive, strategies, seed, cases)
        after = _after(server, before)
        failed = [*warm.failed, *drive.failed]
        for each in failed:
            print(each, file=sys.stderr)
        for fault in islice(neighbour.faults, 5):
            print(f"neighbour: {fault}", file=sys.stderr)
        figures = {
            "fuzz_failed": len(failed),
            "neighbour_failed": len(neighbour.faults),
            "neighbour_answers": neighbour.answers,
            "fuzz_rss_growth_mb": after.rss_mb - before.rss_mb,
            "descriptors_left": after.descriptors - before.descriptors,
            "alive": float(is_ready(server.port)),
            "cases": drive.cases,
        }
        return Result("fuzz", figures, TARGETS)


class _Held(NamedTuple):
    """What a process holds."""

    rss_mb: float
    descriptors: int

    @staticmethod
    def now(pid: int) -> "_Held":
        return _Held(resident_mb(pid), len(list(Path(f"/proc/{pid}/fd").iterdir())))


def _after(server: Server, before: _Held) -> _Held:
    """What it holds once all connections had time to go."""
    ends_s = time.monotonic() + GONE_S
    while (held := _Held.now(server.pid)).descriptors > before.descriptors and time.monotonic() < ends_s:
        time.sleep(0.1)
    return held


def _run(drive: Drive, strategies: Mapping[str, st.SearchStrategy[Case]], seed: int, cases: int) -> None:
    whole = sum(SHARES[kind] for kind in strategies)
    for kind, strategy in strategies.items():
        drive.run(kind, strategy, seed, max(1, round(cases * SHARES[kind] / whole)))


def _attempt(port: int, case: Case) -> list[str]:
    try:
        return faults(case, talk(port, case))
    except OSError as error:
        return [f"found {error!r}, expected answers and an end"]


def _strategies(port: int, kinds: Sequence[str]) -> dict[str, st.SearchStrategy[Case]]:
    made = {"text": texts.cases, "json": documents.cases, "wire": wire.cases}
    if "schema" in kinds:
        made["schema"] = described.cases(_document(port))
    return {kind: made[kind] for kind in kinds}


def _document(port: int) -> dict[str, Any]:
    with closing(http.client.HTTPConnection(HOST, port, timeout=GONE_S)) as connection:
        connection.request("GET", "/openapi.json")
        document: dict[str, Any] = json.loads(connection.getresponse().read())
    if not document.get("paths"):
        raise MeasurementFailed("/openapi.json: found no paths, expected those of the service")
    return document


def _questions(models: Path) -> list[dict[str, Any]]:
    bundle = store.locate(models).bundle
    entries = golden.load(bundle / store.verify(bundle).golden)
    return [{"text": entry.text, "locale": entry.locale} for entry in entries[:QUESTIONS]]


if __name__ == "__main__":
    sys.exit(main())
