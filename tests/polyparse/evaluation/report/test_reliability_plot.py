"""Reliability diagrams: the same bytes for the same bins, in the page's colours, with nothing that two could share."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from polyparse.evaluation.calibration_error import Bin
from polyparse.evaluation.report import reliability_plot
from polyparse.evaluation.report.reliability_plot import EDGE, LEFT, SIDE, TICKS, drawing
from tests.polyparse.evaluation.report.html_tree import Node, read_html

ROOT = Path(reliability_plot.__file__).parents[3]
BINS = [Bin(1200, 0.25, 0.0), Bin(1200, 0.5, 0.75), Bin(1199, 1.0, 1.0)]


def tree(name: str = "one") -> Node:
    return read_html(drawing(BINS, name))


def place(share: float) -> float:
    """The height of a share that is right."""
    return EDGE + (1 - share) * SIDE


def test_a_dot_stands_for_each_bin_where_it_belongs_and_says_what_is_in_it() -> None:
    dots = list(tree().all("use"))
    assert [dot.text for dot in dots] == [
        "25.0% sure, 0.0% right, 1,200 utterances",
        "50.0% sure, 75.0% right, 1,200 utterances",
        "100.0% sure, 100.0% right, 1,199 utterances",
    ]
    for dot, part in zip(dots, BINS, strict=True):
        assert float(dot.attributes["x"]) == pytest.approx(LEFT + part.confidence * SIDE)
        assert float(dot.attributes["y"]) == pytest.approx(place(part.right))


def test_a_gap_ties_each_dot_to_the_diagonal() -> None:
    gaps = [path for path in tree().all("path") if "--wrong-line" in path.attributes.get("style", "")]
    for gap, part in zip(gaps, BINS, strict=True):
        numbers = [float(number) for number in re.findall(r"[\d.]+", gap.attributes["d"])]
        across = LEFT + part.confidence * SIDE
        assert numbers == pytest.approx([across, place(part.right), across, place(part.confidence)])


def test_scales_are_text() -> None:
    ticks = [f"{tick:g}" for tick in TICKS]
    assert [text.text for text in tree().all("text")] == [*ticks, "confidence", *ticks, "share right"]


def test_every_colour_is_one_of_the_page() -> None:
    source = drawing(BINS, "one")
    painted = re.findall(r"(?:fill|stroke): ([^;\"]+)", source)
    assert set(painted) == {"none", *(f"var(--{ink})" for ink in ("line", "soft", "wrong-line", "accent"))}
    assert not re.search(r"(?<!&)#[0-9a-f]{6}\b", source)


def test_drawings_of_two_names_share_no_id() -> None:
    ids = [{node.attributes["id"] for node in tree(name).all() if "id" in node.attributes} for name in "ab"]
    assert ids[0]
    assert ids[0].isdisjoint(ids[1])
    for dot in tree("a").all("use"):
        assert dot.attributes["xlink:href"].removeprefix("#") in ids[0]


def test_it_is_a_piece_of_a_page_and_no_document() -> None:
    source = drawing(BINS, "one")
    assert source.startswith("<g ")
    assert not re.search(r"<\?xml|<!DOCTYPE|<svg|<metadata|<style|http", source)


def test_the_same_bins_give_the_same_bytes_in_another_process_without_pyplot() -> None:
    program = (
        "import sys\n"
        "from tests.polyparse.evaluation.report.test_reliability_plot import BINS, drawing\n"
        "sys.stdout.write(drawing(BINS, 'one'))\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout == drawing(BINS, "one")
