"""The drawings of the report: latency over time, outcomes over time, percentiles, stages and versions over time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf, isfinite, log10, nan

from matplotlib.axes import Axes

from loadtest.events import Done
from loadtest.outcome import GOOD, MEANINGS, OK
from loadtest.percentiles import latencies_ms
from loadtest.points import Point
from loadtest.report.drawing import INKS, SERIES, drawn
from loadtest.run import Finished
from loadtest.summary import Second

WIDTH, HEIGHT = 860, 270
MARKS = ("p50", "p99", "max")
PERCENTILES = (0.5, 0.9, 0.99, 0.999, 0.9999)
TAIL = 400
"""Points of the percentile curve, at most."""


def latency(finished: Finished) -> str:
    """p50, p99 and the longest wait of each second; a gap is a second in which as many were not good."""

    def draw(axes: Axes) -> None:
        seconds = finished.summary.seconds
        starts = [second.start_s for second in seconds]
        for mark, ink in zip(MARKS, SERIES, strict=False):
            values = [_finite(second.figures.latency_ms[mark]) for second in seconds]
            axes.plot(starts, values, color=ink, label=mark)
        axes.axhline(finished.load.slo.p99_ms, color=INKS["bad"], linewidth=1, linestyle=(0, (4, 3)))
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.set_ylabel("ms")
        _over_time(axes, finished)

    return drawn("latency", WIDTH, HEIGHT, draw)


def outcomes(finished: Finished) -> str:
    """Requests of each second by their outcome."""

    def counts(second: Second) -> Mapping[str, float]:
        return second.figures.outcomes

    found = {outcome for second in finished.summary.seconds for outcome in second.figures.outcomes}
    names = [outcome for outcome in MEANINGS if outcome in found]
    bad = iter((INKS["bad"], SERIES[1], *SERIES[3:]))
    inks = [
        SERIES[0] if name == OK else SERIES[2] if name in GOOD else next(bad, INKS["soft"]) for name in names
    ]
    return drawn("outcomes", WIDTH, HEIGHT, _stacked(finished, names, inks, counts, "requests a second"))


def stages(finished: Finished) -> str | None:
    """Mean milliseconds of each second by stage; None where the service said nothing of them."""
    names = list(finished.summary.stages)
    if not names:
        return None
    draw = _stacked(finished, names, SERIES, lambda second: second.stages_ms, "mean ms")
    return drawn("stages", WIDTH, HEIGHT, draw)


def versions(finished: Finished) -> str | None:
    """Answers of each second by the version that gave them; None where it was one all the time."""
    names = sorted({version for second in finished.summary.seconds for version in second.versions})
    if len(names) < 2:
        return None
    draw = _stacked(finished, names, SERIES, lambda second: second.versions, "answers a second")
    return drawn("versions", WIDTH, HEIGHT, draw)


def percentiles(finished: Finished) -> str:
    """How long which share of the judged requests took at most, or of all where none is; what is not good never ends."""

    def draw(axes: Axes) -> None:
        ordered = latencies_ms(_judged(finished), finished.load.slo.in_time_ms / 1000)
        ranks = sorted(set(_ranks(len(ordered))))
        curve = [(_place(rank / len(ordered)), ordered[rank - 1]) for rank in ranks]
        axes.plot([x for x, _ in curve], [_finite(y) for _, y in curve], color=SERIES[0])
        axes.axhline(finished.load.slo.p99_ms, color=INKS["bad"], linewidth=1, linestyle=(0, (4, 3)))
        shown = [share for share in PERCENTILES if share < 1 - 1 / len(ordered)]
        axes.set_xticks([_place(share) for share in shown], [f"{100 * share:g}%" for share in shown])
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.set_xlabel("share of the requests")
        axes.set_ylabel("ms at most")

    return drawn("percentiles", WIDTH, HEIGHT, draw)


def _judged(finished: Finished) -> list[Point]:
    """The points of judged segments; all, where none is judged."""
    spans = [(each.start_s, each.end_s) for each in finished.load.segments if each.judged] or [(0.0, inf)]
    points = finished.outcomes.points
    return [point for point in points if any(low <= point.intended_s < high for low, high in spans)]


def _ranks(number: int) -> Iterator[int]:
    """Ranks that lie evenly on the axis of percentiles, denser towards the longest waits."""
    for step in range(TAIL + 1):
        yield max(1, min(number, round(number * (1 - (1 / number) ** (step / TAIL)))))


def _place(share: float) -> float:
    """Where a share stands on the axis: each further nine is one step."""
    return -log10(max(1e-7, 1 - share))


def _stacked(
    finished: Finished,
    names: Sequence[str],
    inks: Sequence[str],
    amounts: Callable[[Second], Mapping[str, float]],
    unit: str,
) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        seconds = finished.summary.seconds
        starts = [second.start_s for second in seconds]
        below = [0.0] * len(seconds)
        for number, name in enumerate(names):
            values = [amounts(second).get(name, 0.0) for second in seconds]
            axes.bar(
                starts,
                values,
                width=1.0,
                bottom=below,
                align="edge",
                color=inks[number % len(inks)],
                label=name,
            )
            below = [low + value for low, value in zip(below, values, strict=True)]
        axes.set_ylabel(unit)
        _over_time(axes, finished)

    return draw


def _over_time(axes: Axes, finished: Finished) -> None:
    """What all drawings over time share: what is not judged is shaded, events are lines."""
    segments = finished.load.segments
    for segment in segments:
        if not segment.judged:
            axes.axvspan(segment.start_s, segment.end_s, color=INKS["track"], zorder=0, linewidth=0)
    for done in finished.outcomes.done:
        _mark(axes, done)
    axes.set_xlim(0, segments[-1].end_s)
    axes.set_xlabel("seconds")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _mark(axes: Axes, done: Done) -> None:
    ink = INKS["soft"] if done.is_ok else INKS["bad"]
    axes.axvline(done.began_s, color=ink, linewidth=1, linestyle=(0, (2, 2)))
    axes.annotate(
        done.name,
        (done.began_s, 1),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        xytext=(3, 2),
        fontsize=9,
        color=ink,
    )


def _finite(value: float) -> float:
    return value if isfinite(value) else nan
