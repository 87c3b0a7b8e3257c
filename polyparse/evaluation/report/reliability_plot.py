"""A reliability diagram as inline SVG: of the utterances of each confidence, the share that is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.evaluation.calibration_error import reliability
from polyparse.evaluation.report.markup import Html, element, joined, percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from polyparse.evaluation.calibration_error import Bin
    from polyparse.evaluation.reliability import Answers

SIDE, LEFT, BELOW, EDGE = 220, 44, 40, 8
"""Of the square from 0 to 1, the room for its scales, and the room on the other sides, in units of the drawing."""
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def diagram(title: str, found: Answers, error: float) -> Html:
    """A figure: the diagonal, which true confidences follow, and a dot a bin, tied to it by the bin's gap."""
    bins = reliability(found.confidences, found.correct)
    told = f"{title}: calibration error {percent(error)}, {len(found.correct):,} utterances"
    path = " ".join(f"{_x(part.confidence):.1f},{_y(part.right):.1f}" for part in bins)
    drawing = element(
        "svg",
        *_scales(),
        _line("true", (_x(0.0), _y(0.0)), (_x(1.0), _y(1.0))),
        *(_line("gap", (_x(p.confidence), _y(p.right)), (_x(p.confidence), _y(p.confidence))) for p in bins),
        element("polyline", points=path, class_="found"),
        *map(_dot, bins),
        viewBox=f"0 0 {LEFT + SIDE + EDGE} {EDGE + SIDE + BELOW}",
        role="img",
        aria_label=told,
    )
    caption = element("figcaption", element("b", title), f" {percent(error)} of {len(found.correct):,}")
    return element("figure", drawing, caption, class_="reliability")


def _scales() -> Iterator[Html]:
    for tick in TICKS:
        yield _line("grid", (_x(tick), _y(0.0)), (_x(tick), _y(1.0)))
        yield _line("grid", (_x(0.0), _y(tick)), (_x(1.0), _y(tick)))
        yield _text(f"{tick:g}", _x(tick), _y(0.0) + 14, "middle")
        yield _text(f"{tick:g}", _x(0.0) - 6, _y(tick) + 4, "end")
    yield _text("confidence", _x(0.5), _y(0.0) + 32, "middle")
    yield element(
        "text", "share right", transform=f"translate(11 {_y(0.5):.1f}) rotate(-90)", text_anchor="middle"
    )


def _dot(part: Bin) -> Html:
    told = f"{percent(part.confidence)} sure, {percent(part.right)} right, {part.utterances:,} utterances"
    place = {"cx": f"{_x(part.confidence):.1f}", "cy": f"{_y(part.right):.1f}", "r": "3.2"}
    return element("circle", element("title", told), **place)


def _line(kind: str, start: tuple[float, float], end: tuple[float, float]) -> Html:
    names = ("x1", "y1", "x2", "y2")
    return element("line", class_=kind, **{k: f"{v:.1f}" for k, v in zip(names, (*start, *end), strict=True)})


def _text(content: str, x: float, y: float, anchor: str) -> Html:
    return element("text", content, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor)


def _x(share: float) -> float:
    return LEFT + share * SIDE


def _y(share: float) -> float:
    return EDGE + (1.0 - share) * SIDE


def row(figures: list[Html]) -> Html:
    """Figures side by side, as many as there is room for."""
    return element("div", joined(figures), class_="figures")
