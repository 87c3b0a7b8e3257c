"""A drawing as inline SVG in the page's colours: matplotlib draws with colours that stand for the style's variables."""

import re
from collections.abc import Callable, Mapping
from io import StringIO

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

UNITS_PER_INCH = 72
INKS: Mapping[str, str] = {
    "line": "#dcdfe3",
    "soft": "#59626d",
    "track": "#eef2f6",
    "ink-1": "#1f5fa8",
    "ink-2": "#c2571a",
    "ink-3": "#2f7d43",
    "ink-4": "#8a4fb0",
    "ink-5": "#a08000",
    "ink-6": "#6b7680",
    "bad": "#b3361b",
}
"""Variable of the page's style -> the colour that stands for it while matplotlib draws."""
SERIES = tuple(INKS[f"ink-{number}"] for number in range(1, 7))
SETTINGS = {
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "svg.fonttype": "none",
    "svg.hashsalt": "loadtest",
    "axes.edgecolor": INKS["line"],
    "axes.labelcolor": INKS["soft"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": INKS["line"],
    "grid.linewidth": 0.7,
    "xtick.color": INKS["soft"],
    "ytick.color": INKS["soft"],
    "text.color": INKS["soft"],
    "legend.frameon": False,
    "legend.labelcolor": INKS["soft"],
    "lines.linewidth": 1.8,
}


def drawn(name: str, width: int, height: int, draw: Callable[[Axes], None]) -> str:
    """An <svg> of that size; every id in it begins with the name, so that several can stand on one page."""
    source = StringIO()
    with style.context(SETTINGS, after_reset=True):
        figure = Figure(
            (width / UNITS_PER_INCH, height / UNITS_PER_INCH), frameon=False, layout="constrained"
        )
        axes = figure.add_subplot(frameon=True, facecolor="none")
        draw(axes)
        figure.savefig(source, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    svg = source.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    for variable, colour in INKS.items():
        svg = svg.replace(colour, f"var(--{variable})")
    return svg
