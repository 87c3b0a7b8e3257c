"""What a run prints: the verdict and why, the phases, the stages, the events."""

from collections.abc import Iterator, Sequence
from math import isfinite

from loadtest.run import Finished
from loadtest.summary import Figures

BUSY = 0.8
IDLE_LOAD = 1.0
FEWEST_DIGITS = 100


def lines(finished: Finished) -> Iterator[str]:
    """The lines."""
    load, outcomes, summary, verdict = finished
    yield f"{load.scenario.title}: {verdict.word.upper()} at {load.rate_per_s:g} requests a second"
    yield ""
    checks = [
        (
            check.name,
            number(check.found),
            f"{check.operator} {check.bound:g}",
            "" if check.is_met else "MISSED",
        )
        for check in verdict.checks
    ]
    yield from table(("check", "found", "target", ""), checks)
    yield ""
    phases = [(name, *_cells(figures)) for name, figures in summary.phases.items()]
    yield from table(("phase", "requests", "per s", "good", "p50 ms", "p99 ms", "max ms", "not good"), phases)
    if summary.stages:
        yield ""
        stages = [
            (stage, number(times.mean_ms), number(times.p50_ms), number(times.p99_ms))
            for stage, times in summary.stages.items()
        ]
        yield from table(("stage", "mean ms", "p50 ms", "p99 ms"), stages)
    for done in outcomes.done:
        yield f"at {done.began_s:.1f} s {done.name}: {'done' if done.is_ok else 'FAILED'}: {done.said}"
    if (per_s := finished.saturation_per_s) is not None:
        yield f"the SLO began to be missed at {per_s:.0f} requests a second"
    if outcomes.load_average > IDLE_LOAD:
        yield f"load average {outcomes.load_average:.1f} at the start: other work shared this machine's cores"
    if outcomes.busy_share > BUSY:
        yield f"the generator took {outcomes.busy_share:.0%} of its core: it may be what was measured"


def number(value: float) -> str:
    """A figure with some three digits; "never" for what does not end."""
    if not isfinite(value):
        return "never" if value > 0 else "-"
    return f"{value:,.0f}" if abs(value) >= FEWEST_DIGITS else f"{value:.3g}"


def share(value: float) -> str:
    """A share near 1 with the digits that tell it from 1."""
    return f"{100 * value:.4g}%"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns, the first to the left, all others to the right."""
    cells = [head, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    for row in cells:
        rest = (f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        yield "  ".join([f"{row[0]:<{widths[0]}}", *rest]).rstrip()


def _cells(figures: Figures) -> tuple[str, ...]:
    bad = ", ".join(
        f"{count:,} {outcome}" for outcome, count in sorted(figures.outcomes.items()) if outcome != "ok"
    )
    latencies = (number(figures.latency_ms[name]) for name in ("p50", "p99", "max"))
    return f"{figures.requests:,}", number(figures.per_s), share(figures.good_share), *latencies, bad
