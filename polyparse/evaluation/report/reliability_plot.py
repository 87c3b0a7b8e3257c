"""A reliability diagram as inline SVG: of the utterances of each confidence, the share that is right."""

from __future__ import annotations

import re
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from polyparse.evaluation.calibration_error import Bin

SIDE, LEFT, BELOW, EDGE = 220, 44, 40, 8
"""Of the square from 0 to 1, the room for its scales, and the room on the other sides, in units of the drawing."""
WIDTH, HEIGHT = LEFT + SIDE + EDGE, EDGE + SIDE + BELOW
UNITS_PER_INCH = 72
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
INKS = {"line": "#dcdfe3", "soft": "#59626d", "wrong-line": "#b3361b", "accent": "#1f5fa8"}
"""Variable of the page's style -> the colour that stands for it while matplotlib draws."""
SETTINGS = {
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "lines.solid_capstyle": "butt",
    "svg.fonttype": "none",
    "svg.hashsalt": "polyparse",
}


def drawing(bins: Sequence[Bin], name: str) -> str:
    """What stands inside an <svg> of WIDTH by HEIGHT: a dot a bin, tied by the bin's gap to the diagonal.

    Every id in it begins with the name, so that drawings of different names can stand on one page.
    """
    from matplotlib import style  # noqa: PLC0415  only a page with diagrams needs the package
    from matplotlib.figure import Figure  # noqa: PLC0415

    source = StringIO()
    with style.context(SETTINGS, after_reset=True):
        figure = Figure((WIDTH / UNITS_PER_INCH, HEIGHT / UNITS_PER_INCH), frameon=False)
        square = (LEFT / WIDTH, BELOW / HEIGHT, SIDE / WIDTH, SIDE / HEIGHT)
        axes = figure.add_axes(square, frameon=False, xlim=(0, 1), ylim=(0, 1))
        _draw_scales(axes)
        _draw_bins(axes, bins)
        unsaid = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(source, format="svg", metadata=unsaid)
    svg = source.getvalue()
    return _inlined(svg[svg.index("<g ") : svg.rindex("</svg>")], bins, name)


def _draw_scales(axes: Axes) -> None:
    axes.vlines(TICKS, 0, 1, color=INKS["line"], linewidth=1, clip_on=False)
    axes.hlines(TICKS, 0, 1, color=INKS["line"], linewidth=1, clip_on=False)
    labels = [f"{tick:g}" for tick in TICKS]
    axes.set_xticks(TICKS, labels)
    axes.set_yticks(TICKS, labels)
    axes.tick_params(left=False, bottom=False, pad=2.5, labelcolor=INKS["soft"])
    axes.set_xlabel("confidence", color=INKS["soft"], labelpad=6.6)
    axes.set_ylabel("share right", color=INKS["soft"], labelpad=0)


def _draw_bins(axes: Axes, bins: Sequence[Bin]) -> None:
    confidences, shares = [part.confidence for part in bins], [part.right for part in bins]
    axes.plot((0, 1), (0, 1), color=INKS["soft"], linewidth=1, dashes=(4, 3), clip_on=False)
    axes.vlines(confidences, shares, confidences, color=INKS["wrong-line"], linewidth=2, clip_on=False)
    axes.plot(confidences, shares, color=INKS["accent"], linewidth=1.5, alpha=0.55, clip_on=False)
    axes.plot(
        confidences, shares, "o", color=INKS["accent"], markersize=6.4, markeredgewidth=0, clip_on=False
    )


def _inlined(svg: str, bins: Sequence[Bin], name: str) -> str:
    """The SVG with titles on its dots, in the page's colours, and with ids of its own."""
    titles = (
        f"{part.confidence:.1%} sure, {part.right:.1%} right, {part.utterances:,} utterances" for part in bins
    )
    svg = re.sub(r"(<use [^>]*)/>", lambda dot: f"{dot[1]}><title>{next(titles)}</title></use>", svg)
    svg = re.sub(r'( id="|href="#)', rf"\g<1>{name}-", svg)
    for variable, colour in INKS.items():
        svg = svg.replace(colour, f"var(--{variable})")
    return svg
