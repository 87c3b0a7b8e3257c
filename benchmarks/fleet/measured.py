"""What a real server takes of one core: its service times, capacity, memory and series, and how long a promote takes.

All parts are measured in each round, so that what else the machine does falls on all of them alike; what is told of a part
is its median over the rounds.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.client import send
from benchmarks.cores import split_here
from benchmarks.errors import MeasurementFailed
from benchmarks.fleet.burst import Burst
from benchmarks.fleet.counters import Counters, children_s, loop_s, threads_s
from benchmarks.fleet.fit import LoadSeen, RunsSeen, service_times
from benchmarks.fleet.probe import WAITING, Level, Offered, Plan, Probe, Round
from benchmarks.fleet.service_times import ServiceTimes, Work
from benchmarks.fleet.waiting import answered_per_s
from benchmarks.process import Server, started
from benchmarks.resident import resident_mb
from benchmarks.serving import PARSE
from polyparse.bundle import release, store
from polyparse.contract.frame import Utterance

REFUSING = ("--batch-tokens", "1", "--max-wait-ms", "1")
"""A service that refuses whoever comes while one is inside."""
REFUSED_CALLERS, REFUSED = 64, 3000
POLL_S = 0.02
SWITCH_S = 120.0


class Measured(NamedTuple):
    """What all rounds came to.

    `capacity_per_s` is what was answered to callers who wait, `core_per_s` what a core to itself answers: requests over
    processor time. `rates_per_s` are those of the levels, `others` figures of the server beside its times.
    """

    times: ServiceTimes
    mix: Sequence[Work]
    capacity_per_s: float
    core_per_s: float
    rates_per_s: Sequence[float]
    levels: Sequence[Level]
    others: dict[str, float]


def measure(models: Path, utterances: Sequence[Utterance], plan: Plan) -> Measured:
    """Start the service on a core, measure all rounds, promote another version, and end it.

    Terms that fit one by one add up to a little more than what a busy node takes, with its caches full of its own. So all
    are scaled by one factor, by which a simulated node answers callers who wait as many a second as the real one did.
    """
    if not utterances:
        raise MeasurementFailed("found no utterance to send, expected at least one")
    core = split_here().server
    with tempfile.TemporaryDirectory() as folder:
        model, other = _copied(models, Path(folder))
        command = [*PARSE, "--models", str(model.parent)]
        with started(command, core=core) as server:
            probe = Probe(server, utterances, plan)
            rounds = [_shown(probe, number, plan.rounds) for number in range(plan.rounds)]
            others = _others(server, model, other)
        with started([*command, *REFUSING], core=core) as server:
            refuse_s = median(_refuse_s(server, probe.requests) for _ in range(plan.rounds))
    offered = [_valid(each) for each in zip(*(each.levels for each in rounds), strict=True)]
    bearable = [each for each, share in zip(offered, plan.levels, strict=True) if share < 1]
    capacity_per_s = median(each.capacity_per_s for each in rounds)
    alone_s = median(each.loads[0].p50_s for each in rounds)
    times = _times(rounds, bearable, refuse_s)
    too_slow = answered_per_s(times, probe.mix, callers=WAITING[-1]) / capacity_per_s
    return Measured(
        times.scaled(too_slow, alone_s=alone_s),
        probe.mix,
        capacity_per_s,
        1 / median(each.loads[-1].loop_s + each.loads[-1].runs.seconds for each in rounds),
        probe.rates_per_s,
        [Level(*_medians([each.level for each in valid])) for valid in offered],
        others,
    )


def _shown(probe: Probe, number: int, rounds: int) -> Round:
    print(f"round {number + 1} of {rounds}", end="\r", file=sys.stderr, flush=True)
    return probe.round(number)


def _times(rounds: Sequence[Round], offered: Sequence[Sequence[Offered]], refuse_s: float) -> ServiceTimes:
    runs = [RunsSeen(*_medians(each)) for each in zip(*(each.runs for each in rounds), strict=True)]
    loads = [_load(each) for each in zip(*(each.loads for each in rounds), strict=True)]
    loads += [_load([each.load for each in valid]) for valid in offered]
    burst = Burst(*_medians([each.burst for each in rounds]))
    return service_times(runs, loads, burst, refuse_s)


def _medians(rows: Sequence[tuple[float, ...]]) -> list[float]:
    return [median(values) for values in zip(*rows, strict=True)]


def _load(loads: Sequence[LoadSeen]) -> LoadSeen:
    """The median of each part, over rounds."""
    runs = RunsSeen(*_medians([each.runs for each in loads]))
    parts = _medians([(each.loop_s, each.wakes, each.p50_s) for each in loads])
    return LoadSeen(1.0, runs, *parts)


def _valid(seen: Sequence[Offered | None]) -> Sequence[Offered]:
    """Those of the rounds in which the load came as it was meant to."""
    if not (valid := [offered for offered in seen if offered is not None]):
        raise MeasurementFailed(
            "found no round in which the load came in time, expected one: the machine is busy"
        )
    return valid


def _others(server: Server, model: Path, other: str) -> dict[str, float]:
    page = Counters.after(server)
    found = {
        "ready_s": server.ready_s,
        "rss_mb": resident_mb(server.pid),
        "series": float(len(page.series)),
        "page_bytes": float(page.page_bytes),
        "bundle_bytes": float(sum(file.stat().st_size for file in (model / other).iterdir())),
    }
    return {
        **found,
        "promote_s": _promote_s(server, model, other),
        "series_two_versions": float(len(Counters.after(server).series)),
        "rss_two_versions_mb": resident_mb(server.pid),
    }


def _copied(models: Path, folder: Path) -> tuple[Path, str]:
    """A copy of the model that serves, to be edited, and another version of it; MeasurementFailed where there is none."""
    bundle = store.locate(models).bundle
    others = [version for version in store.versions_in(bundle.parent) if version != bundle.name]
    if not others:
        raise MeasurementFailed(
            f"{bundle.parent}: found {bundle.name} alone, expected another version to promote"
        )
    model = folder / "models" / bundle.parent.name
    shutil.copytree(bundle.parent, model, ignore=shutil.ignore_patterns(".*"))
    return model, others[-1]


def _promote_s(server: Server, model: Path, version: str) -> float:
    """Processor time from the edit of the state to the switch, the rehearsal's too, of a server that does nothing else."""

    def spent_s() -> float:
        return loop_s(server.pid) + threads_s(server.pid) + children_s(server.pid)

    def switches() -> float:
        return Counters.after(server).series.get("polyparse_swap_switches_total", 0.0)

    before, before_s, begun_s = switches(), spent_s(), time.monotonic()
    edit = release.Edit(release.decide_on(model), "fleet", datetime.now(UTC).isoformat(timespec="seconds"))
    release.promote(model, version, edit)
    while switches() == before:
        if time.monotonic() - begun_s > SWITCH_S:
            raise MeasurementFailed(f"{version}: not promoted after {SWITCH_S:g} s")
        time.sleep(POLL_S)
    return spent_s() - before_s


def _refuse_s(server: Server, requests: Sequence[bytes]) -> float:
    """Seconds of the loop for a refusal: of callers of whom few get in, less what those take of it who come alone."""
    alone_s, _ = _loop_s(server, requests[:REFUSED_CALLERS], callers=1)
    whole_s, answered = _loop_s(server, list(islice(cycle(requests), REFUSED)), callers=REFUSED_CALLERS)
    if answered > REFUSED / 2:
        raise MeasurementFailed(
            f"found {answered} of {REFUSED} requests let in, expected most of them refused"
        )
    return max(0.0, whole_s - answered * alone_s / REFUSED_CALLERS) / (REFUSED - answered)


def _loop_s(server: Server, requests: Sequence[bytes], *, callers: int) -> tuple[float, int]:
    """Seconds of the server's event loop, and how many requests were answered with a frame."""
    before_s = loop_s(server.pid)
    traffic = send(server.port, requests, connections=callers)
    return loop_s(server.pid) - before_s, len(traffic.latencies_s)
