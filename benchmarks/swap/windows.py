"""What callers notice of a swap, from what was recorded: pure functions of records, scrapes and windows.

A window lasts from the start of the command until the memory of the version that it replaces is back.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from benchmarks.open_loop import Record
from benchmarks.swap.scrape import Scrape
from loadtest import percentiles

SERVING = "serving"
OK = 200
REST_S = 1.0
"""How long resident memory has to stay where it is to count as settled."""
APART_S = 0.2
"""Between two failures of a burst at most."""
REST_SHARE = 0.01
"""By how much of itself it may move meanwhile."""


class Window(NamedTuple):
    """From and to, in seconds of `perf_counter`."""

    start_s: float
    end_s: float


class Swap(NamedTuple):
    """One swap: `answered_s` is the first answer by the new version, `rss_mb` what the service holds in the end."""

    old: str
    new: str
    window: Window
    answered_s: float
    rss_mb: float

    @property
    def until_answer_s(self) -> float:
        """From the start of the command to the first answer by the new version."""
        return self.answered_s - self.window.start_s

    @property
    def whole_s(self) -> float:
        """How long the window lasts."""
        return self.window.end_s - self.window.start_s


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest value that so many percent of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("found no values, expected at least one")
    return percentiles.percentile(ordered, percent / 100)


def split(records: Iterable[Record], windows: Sequence[Window]) -> tuple[list[Record], list[Record]]:
    """The records that were to be sent inside some window, and the others."""
    inside: list[Record] = []
    outside: list[Record] = []
    for record in records:
        is_inside = any(window.start_s <= record.intended_s < window.end_s for window in windows)
        (inside if is_inside else outside).append(record)
    return inside, outside


def failed(records: Iterable[Record]) -> Counter[int]:
    """How many requests were not answered with 200, by what they were answered with."""
    return Counter(record.status for record in records if record.status != OK)


class Burst(NamedTuple):
    """Failures close to each other: how many, from when, for how long, and how long after the start of the swap before.

    `lag_s` says how late the generator was with what was to be sent then, or shortly before: what it has to catch up with it
    sends at once, and that is not the load that was planned.
    """

    failures: int
    start_s: float
    seconds: float
    after_swap_s: float
    lag_s: float


def bursts(records: Iterable[Record], swaps: Sequence[Swap]) -> list[Burst]:
    """The failures, with more than APART_S between any two bursts; inf where no swap was before."""
    sent = sorted((record.intended_s, record.lag_s, record.status) for record in records)
    times: list[list[float]] = []
    for moment_s in (intended_s for intended_s, _, status in sent if status != OK):
        if not times or moment_s - times[-1][-1] > APART_S:
            times.append([])
        times[-1].append(moment_s)
    starts = sorted(swap.window.start_s for swap in swaps)
    found = []
    for each in times:
        before = [start_s for start_s in starts if start_s <= each[0]]
        after_s = each[0] - before[-1] if before else math.inf
        lags_s = [
            lag_s for intended_s, lag_s, _ in sent if each[0] - APART_S <= intended_s <= each[-1] + APART_S
        ]
        found.append(Burst(len(each), each[0], each[-1] - each[0], after_s, max(lags_s)))
    return found


def stale(records: Sequence[Record], scrapes: Sequence[Scrape], swaps: Sequence[Swap]) -> int:
    """Answers by a version to requests that were sent after a scrape had shown that it serves no more.

    They count until the command that asks for the version again.
    """
    count = 0
    for number, swap in enumerate(swaps):
        demoted_s = next(
            (
                scrape.seen_s
                for scrape in scrapes
                if scrape.asked_s >= swap.window.start_s and scrape.states.get(swap.old) != SERVING
            ),
            math.inf,
        )
        again_s = next(
            (each.window.start_s for each in swaps[number + 1 :] if each.new == swap.old), math.inf
        )
        count += sum(record.version == swap.old and demoted_s < record.sent_s < again_s for record in records)
    return count


def settled(scrapes: Sequence[Scrape], gone: str) -> Scrape | None:
    """The first scrape of a rest of resident memory that lasts REST_S, all without a trace of the version `gone`.

    `scrapes` are those since the command; None while the version is still there or memory still moves.
    """
    rest: list[Scrape] = []
    for scrape in scrapes:
        rest.append(scrape)
        if gone in scrape.versions:
            rest.clear()
        while rest and not _is_rest(rest):
            del rest[0]
        if rest and rest[-1].seen_s - rest[0].seen_s >= REST_S:
            return rest[0]
    return None


def _is_rest(scrapes: Sequence[Scrape]) -> bool:
    lowest, highest = (each(scrape.rss_mb for scrape in scrapes) for each in (min, max))
    return highest - lowest <= REST_SHARE * highest
