"""report.html: one page that says how good a model is and where it errs; it needs nothing but itself.

Everything on it comes from a Report, so that the same Report gives the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from polyparse.evaluation.calibration_error import BINS
from polyparse.evaluation.measures import MEASURES
from polyparse.evaluation.report import reliability_plot, sections

if TYPE_CHECKING:
    from collections.abc import Callable

    from polyparse.evaluation.report.parts import Report


class Section(NamedTuple):
    """A part of the page, shown by the template's macro of that key; one whose content is None is left out."""

    key: str
    title: str
    content: Callable[[Report], object]


SECTIONS = (
    Section("locales", "By locale", sections.by_locale),
    Section("calibration", "Confidence", sections.of_calibration),
    Section("domains", "By domain", sections.by_domain),
    Section("intents", "By intent", sections.by_intent),
    Section("confusions", "Intents confused", sections.of_confusions),
    Section("slots", "By slot", sections.of_slots),
    Section("errors", "Worst slots", sections.of_worst_slots),
    Section("made", "How this was made", sections.of_facts),
)


def page(report: Report) -> str:
    """The whole page."""
    contents = [(key, title, content(report)) for key, title, content in SECTIONS]
    shown = [(key, title, content) for key, title, content in contents if content is not None]
    return templates().get_template("page.html.j2").render(report=report, sections=shown)


def templates_in(package: str) -> Environment:
    """The templates of a package; whatever comes from data is escaped by them, and a name that is not given is an error."""
    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def templates() -> Environment:
    """The templates of the page; whatever comes from data is escaped by them."""
    environment = templates_in("polyparse.evaluation.report")
    environment.filters |= {"number": "{:,}".format, "percent": "{:.1%}".format}
    environment.globals |= {"MEASURES": MEASURES, "BINS": BINS, "plot": reliability_plot}
    return environment
