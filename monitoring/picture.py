"""The dashboard's panels as one picture, drawn from what Prometheus answers to their queries."""

import re
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, Formatter, PercentFormatter
from PIL import Image

from loadtest.report.drawing import SERIES, SETTINGS
from monitoring.panel import INTERVAL, Panel
from monitoring.rows import ROWS

Drawn = tuple[Mapping[str, str], Sequence[float], Sequence[float]]
"""Labels, times in seconds from the start and values of a series."""
Over = Callable[[str], Sequence[Drawn]]
"""Gives the series of an expression over the time that is drawn."""
COLUMNS, WIDTH_IN, HEIGHT_IN, DPI = 4, 4.0, 2.1, 72
COLOURS = 48
"""Enough for lines on white, and a third of the bytes."""
SERIES_NAMED = 6
HEADROOM = 1.4
"""How much higher than its values a panel is, for its legend."""
FORMATS: Mapping[str, Callable[[], Formatter]] = {
    "s": lambda: EngFormatter(unit="s"),
    "bytes": lambda: EngFormatter(unit="B"),
    "percentunit": lambda: PercentFormatter(1),
}


def draw(over: Over, out: Path, *, length_s: float) -> None:
    """Write a PNG of every panel that needs no GPU."""
    panels = [panel for row in ROWS for panel in row.panels if not panel.cuda_only]
    lines = -(-len(panels) // COLUMNS)
    drawn = BytesIO()
    with style.context({**SETTINGS, "font.size": 8}, after_reset=True):
        figure = Figure(
            (COLUMNS * WIDTH_IN, lines * HEIGHT_IN), dpi=DPI, layout="constrained", facecolor="white"
        )
        for number, panel in enumerate(panels, start=1):
            axes = figure.add_subplot(lines, COLUMNS, number)
            axes.set_xlim(0, length_s)
            _draw_panel(axes, panel, over)
        figure.savefig(drawn, format="png")
    image = Image.open(drawn).convert("RGB")
    few = image.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(out, format="PNG", optimize=True)


def as_asked(expr: str, *, window: str) -> str:
    """An expression with Grafana's variables put in: all jobs, and a window of rates."""
    return expr.replace(INTERVAL, window).replace("$job", ".*")


def _draw_panel(axes: Axes, panel: Panel, over: Over) -> None:
    named = [
        (_name(query.legend, labels), times_s, values)
        for query in panel.queries
        for labels, times_s, values in over(as_asked(query.expr, window="5s"))
    ]
    for number, (name, times_s, values) in enumerate(named):
        label = name if number < SERIES_NAMED else None
        axes.plot(times_s, values, color=SERIES[number % len(SERIES)], linewidth=1.2, label=label)
    bottom, top = axes.get_ylim()
    if all(value >= 0 for _, _, values in named for value in values):
        bottom = 0
    axes.set_ylim(bottom, bottom + HEADROOM * (top - bottom))
    axes.set_title(panel.title, fontsize=9, loc="left")
    if panel.unit in FORMATS:
        axes.yaxis.set_major_formatter(FORMATS[panel.unit]())
    if axes.get_legend_handles_labels()[0]:
        legend = axes.legend(fontsize=6.5, loc="upper left", ncols=3, columnspacing=1)
        legend.set_in_layout(False)


def _name(legend: str, labels: Mapping[str, str]) -> str:
    """The legend with labels put in, as Grafana does."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found[1], ""), legend).strip()
