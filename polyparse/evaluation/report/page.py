"""report.html: one page that says how good a model is and where it errs; it needs nothing but itself.

Everything on it comes from a Report, so that the same Report gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from polyparse.evaluation.breakdown import Case
from polyparse.evaluation.report import sections
from polyparse.evaluation.report.calibration import of_calibration
from polyparse.evaluation.report.markup import Html, element, percent
from polyparse.evaluation.report.sections import MEASURES
from polyparse.evaluation.report.style import STYLE


@dataclass(frozen=True)
class Report:
    """What was evaluated and how, its measures as metrics.json has them, and every utterance with its frame."""

    title: str
    facts: Mapping[str, str]
    measures: Mapping[str, Any]
    cases: Sequence[Case]


class Section(NamedTuple):
    """A part of the page; one whose content is None is left out."""

    key: str
    title: str
    content: Callable[[Report], Html | None]


SECTIONS = (
    Section("locales", "By locale", sections.by_locale),
    Section("calibration", "Confidence", of_calibration),
    Section("domains", "By domain", sections.by_domain),
    Section("intents", "By intent", sections.by_intent),
    Section("confusions", "Intents confused", sections.of_confusions),
    Section("slots", "By slot", sections.of_slots),
    Section("errors", "Worst slots", sections.of_worst_slots),
    Section("made", "How this was made", sections.of_facts),
)


def page(report: Report) -> str:
    """The whole page."""
    found = [(key, title, content(report)) for key, title, content in SECTIONS]
    shown = [(key, title, content) for key, title, content in found if content is not None]
    links = (element("li", element("a", title, href=f"#{key}")) for key, title, _ in shown)
    header = element(
        "header",
        element("p", "polyparse evaluation", class_="kicker"),
        element("h1", report.title),
        element("p", _scope(report.measures), class_="scope"),
        _tiles(report.measures["mean"]),
        element("nav", element("ul", *links), aria_label="Sections"),
    )
    parts = (
        element(
            "section",
            element("h2", title, id=f"{key}-title"),
            content,
            id=key,
            aria_labelledby=f"{key}-title",
        )
        for key, title, content in shown
    )
    body = element("body", header, element("main", *parts))
    return f"<!doctype html>\n{element('html', _head(report.title), body, lang='en')}\n"


def _head(title: str) -> Html:
    viewport = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    return element(
        "head",
        Html(f'<meta charset="utf-8">{viewport}<meta name="color-scheme" content="light dark">'),
        element("title", f"{title}: evaluation"),
        element("style", Html(STYLE)),
    )


def _scope(measures: Mapping[str, Any]) -> str:
    return f"{measures['mean']['utterances']:,} utterances in {', '.join(measures['locales'])}"


def _tiles(mean: Mapping[str, Any]) -> Html:
    tiles = (
        element("div", element("dt", name), element("dd", percent(mean[key])))
        for key, name in MEASURES.items()
        if mean[key] is not None
    )
    return element("dl", *tiles, class_="tiles")
