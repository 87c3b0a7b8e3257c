"""Plots of a report as inline SVG in the page's colours: curves with bands over seeds."""

from __future__ import annotations

import re
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

UNITS_PER_INCH = 72
WIDTH, HEIGHT = 620, 300
SOFT, LINE = "#59626d", "#dcdfe3"
INKS = ("#1f5fa8", "#c2571a", "#2f7d43", "#8a4fb0", "#a08000", "#6b7680")
VARIABLES = {SOFT: "soft", LINE: "line", **{ink: f"ink-{place}" for place, ink in enumerate(INKS, start=1)}}
"""Colour that stands for a variable of the page's style while matplotlib draws -> that variable."""
MARKERS = "osD^vX"
SETTINGS = {
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "svg.fonttype": "none",
    "svg.hashsalt": "polyparse",
    "axes.edgecolor": LINE,
    "axes.labelcolor": SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "legend.frameon": False,
    "legend.labelcolor": SOFT,
}


class Curve(NamedTuple):
    """A curve: means over seeds, and the least and largest seed, at each x."""

    name: str
    x: Sequence[float]
    mean: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


def curves(name: str, series: Sequence[Curve], *, x_label: str, y_label: str) -> str:
    """An <svg>; every id in it begins with the name, so that several stand on one page."""
    from matplotlib import style  # noqa: PLC0415  only a report with plots needs the package
    from matplotlib.figure import Figure  # noqa: PLC0415  likewise

    source = StringIO()
    with style.context(SETTINGS, after_reset=True):
        figure = Figure(
            (WIDTH / UNITS_PER_INCH, HEIGHT / UNITS_PER_INCH), frameon=False, layout="constrained"
        )
        axes = figure.add_subplot(facecolor="none")
        for place, one in enumerate(series):
            ink, marker = INKS[place % len(INKS)], MARKERS[place % len(MARKERS)]
            axes.plot(one.x, one.mean, color=ink, marker=marker, markersize=5, label=one.name)
            axes.fill_between(one.x, one.low, one.high, color=ink, alpha=0.18, linewidth=0)
        axes.set_xscale("log")
        ticks = sorted({x for one in series for x in one.x})
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_xticks([], minor=True)
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.legend()
        unsaid = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(source, format="svg", metadata=unsaid)
    svg = source.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    for ink, variable in VARIABLES.items():
        svg = svg.replace(ink, f"var(--{variable})")
    return svg
