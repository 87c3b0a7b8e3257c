"""The figures of one run, from its timelines, and of several runs."""

import sys
from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

from benchmarks.errors import MeasurementFailed
from benchmarks.open_loop import NO_ANSWER, Record
from benchmarks.swap.scrape import Scrape
from benchmarks.swap.timeline import Timeline
from benchmarks.swap.windows import Window, bursts, failed, percentile, split, stale

COUNTS = ("failed", "stale")
"""Added up over runs: one fault in any of them is one too many. Of all others the median counts."""
FIRST_SETTLED = 2  # the first swap finds a process that never held two versions


class Tail(NamedTuple):
    """Latency of requests that were sent during swaps, beside that of all others of the same load, in milliseconds."""

    p99_ratio: float
    max_ms: float
    window_p99_ms: float
    quiet_p99_ms: float
    quiet_max_ms: float


def tail(records: Sequence[Record], windows: Sequence[Window], left_out: Sequence[Window] = ()) -> Tail:
    """The tail in and out of the windows; what was sent in those `left_out` counts for neither.

    Raises:
        MeasurementFailed: one of the two has no request.
    """
    inside, others = split(records, windows)
    _, outside = split(others, left_out)
    if not inside or not outside:
        raise MeasurementFailed(
            f"found {len(inside)} requests in swaps and {len(outside)} others, expected both"
        )
    (window_p99, window_max), (quiet_p99, quiet_max) = (
        (percentile(latencies, 99), max(latencies))
        for latencies in ([1e3 * record.latency_s for record in side] for side in (inside, outside))
    )
    return Tail(window_p99 / quiet_p99, window_max, window_p99, quiet_p99, quiet_max)


def of_swaps(timeline: Timeline) -> dict[str, float]:
    """What swaps did, and how good the load was that saw it."""
    swaps = timeline.swaps
    windows, others = ([swap.window for swap in some] for some in (swaps, timeline.rollbacks))
    lags_ms = [1e3 * record.lag_s for record in timeline.records]
    return {
        **faults(timeline),
        **tail(timeline.records, windows, others)._asdict(),
        "load_stall_ms": load_stall_ms(timeline.scrapes, windows),
        "rss_ratio": swaps[-1].rss_mb / swaps[FIRST_SETTLED - 1].rss_mb,
        "rss_mb": swaps[-1].rss_mb,
        "swap_s": median(swap.until_answer_s for swap in swaps),
        "window_s": median(swap.whole_s for swap in swaps),
        "client_lag_p99_ms": percentile(lags_ms, 99),
        "client_lag_max_ms": max(lags_ms),
        "client_busy": timeline.cpu_share,
    }


def faults(timeline: Timeline) -> dict[str, float]:
    """What must not be, over all of a load."""
    swaps = [*timeline.swaps, *timeline.rollbacks]
    for burst in bursts(timeline.records, swaps):
        print(
            f"{burst.failures} failed within {1000 * burst.seconds:.0f} ms, {burst.after_swap_s:.2f} s after a swap began; "
            f"the generator was up to {1000 * burst.lag_s:.0f} ms late",
            file=sys.stderr,
        )
    return {"failed": n_failed(timeline.records), "stale": stale(timeline.records, timeline.scrapes, swaps)}


def n_failed(records: Sequence[Record]) -> int:
    """How many requests were not answered with 200; of what became of them, a line goes to stderr."""
    statuses = failed(records)
    for status, count in sorted(statuses.items()):
        what = "lost or not answered" if status == NO_ANSWER else f"answered with {status}"
        print(f"failed: {count} {what}", file=sys.stderr)
    return statuses.total()


def load_stall_ms(scrapes: Sequence[Scrape], windows: Sequence[Window]) -> float:
    """The longest gap of the server's event loop that any scrape in a window saw."""
    return 1e3 * max(
        scrape.lag_s
        for scrape in scrapes
        if any(window.start_s <= scrape.asked_s <= window.end_s for window in windows)
    )


def rollback_s(timeline: Timeline) -> float:
    """Median time from the command to go back until the first answer by the other version."""
    return median(swap.until_answer_s for swap in timeline.rollbacks)


def over_runs(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Counts of faults added up, and the medians of everything else."""
    return {key: (sum if key in COUNTS else median)([run[key] for run in runs]) for key in runs[0]}
