"""The report as one HTML page, which needs nothing but itself, and as one Markdown page, from the same sheets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.evaluation.report.page import templates_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from experiments.report.sheet import Sheet, StudyReport

TITLE = "What the methods do: studies"


def page(reports: Sequence[StudyReport]) -> str:
    """The HTML page; whatever comes from data is escaped."""
    return (
        templates_in("experiments.report").get_template("page.html.j2").render(title=TITLE, reports=reports)
    )


def markdown(reports: Sequence[StudyReport]) -> str:
    """The Markdown page; plots are left out, their figures stand in the tables."""
    return "\n".join(_lines(reports)) + "\n"


def _lines(reports: Sequence[StudyReport]) -> Iterator[str]:
    yield f"# {TITLE}"
    for report in reports:
        yield from ("", f"## {report.title}", "")
        if report.paper:
            yield from (report.paper, "")
        yield from (f"- {name}: {fact}" for name, fact in report.facts.items())
        for sheet in report.sheets:
            yield from _sheet(sheet)
        if report.limits:
            yield from ("", "### What the data cannot tell", "")
            yield from (f"- {limit}" for limit in report.limits)
        yield from ("", "```", *report.commands, "```")


def _sheet(sheet: Sheet) -> Iterator[str]:
    yield from ("", f"### {sheet.title}", "")
    if sheet.note:
        yield from (sheet.note, "")
    yield _row(sheet.header)
    yield _row(["---"] * len(sheet.header))
    for row in sheet.rows:
        yield _row([*row, *[""] * (len(sheet.header) - len(row))])


def _row(cells: Sequence[str]) -> str:
    escaped = (cell.replace("|", "\\|").replace("\n", " ") for cell in cells)
    return f"| {' | '.join(escaped)} |"
