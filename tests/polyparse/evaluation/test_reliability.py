"""How far confidences can be trusted: only answers are judged, and the report draws what metrics.json says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from polyparse.contract.frame import Choice, Frame
from polyparse.corpora.read import Example
from polyparse.evaluation.calibration_error import expected_calibration_error, reliability
from polyparse.evaluation.evaluate import Case, measure
from polyparse.evaluation.reliability import answers, calibration_of
from polyparse.evaluation.report.page import page
from polyparse.evaluation.report.parts import Report
from tests.polyparse.evaluation.report.html_tree import Node, read_html


def case(sure: float, *, right: bool = True, locale: str = "en-US") -> Case:
    example = Example("1", "wake me", locale, "dev", "alarm", "set", ())
    intent = Choice("set" if right else "cancel", sure)
    return Case(example, Frame("wake me", locale, Choice("alarm", 0.95), intent, (), sure / 2))


REFUSED = Case(case(0.9).example, Frame("wake me", "en-US", None, None, (), 0.9, out_of_domain=0.8))
CASES = [
    *[case(0.8, right=n % 4 > 0) for n in range(20)],
    *[case(0.5, right=n % 4 == 0, locale="it-IT") for n in range(20)],
]


def report_of(cases: list[Case]) -> Node:
    actual = measure([each.example for each in cases], [each.frame for each in cases])
    actual["calibration"] = calibration_of(cases)
    return read_html(page(Report("words", {}, actual, cases)))


def test_answers_have_the_confidence_and_the_truth_of_what_is_measured() -> None:
    assert answers("intent", [case(0.8), case(0.6, right=False)]) == ([0.8, 0.6], [True, False])
    assert answers("domain", [case(0.8), case(0.6, right=False)]) == ([0.95, 0.95], [True, True])
    assert answers("frame", [case(0.8), case(0.6, right=False)]) == ([0.4, 0.3], [True, False])


def test_a_refusal_is_not_judged() -> None:
    assert answers("intent", [REFUSED]) == answers("domain", [REFUSED]) == answers("frame", [REFUSED])
    assert answers("frame", [REFUSED]) == ([], [])
    assert calibration_of([REFUSED])["pooled"] == {"intent": None, "domain": None, "frame": None}


def test_a_corpus_without_intents_is_judged_by_its_frames() -> None:
    bare = Case(replace(case(0.8).example, domain=None, intent=None), case(0.8).frame)
    assert calibration_of([bare])["pooled"]["intent"] is None
    assert calibration_of([bare])["pooled"]["domain"] is None
    assert calibration_of([bare])["pooled"]["frame"]["ece"] == pytest.approx(0.6)


def test_errors_are_pooled_and_by_locale() -> None:
    actual = calibration_of(CASES)
    assert actual["locales"]["en-US"]["intent"]["ece"] == pytest.approx(0.05)
    assert actual["locales"]["it-IT"]["intent"]["ece"] == pytest.approx(0.25)
    assert actual["pooled"]["intent"]["ece"] == expected_calibration_error(*answers("intent", CASES))
    assert actual["pooled"]["intent"]["by_chance"] > 0.0


def test_the_report_draws_each_measure_pooled_and_in_every_locale() -> None:
    root = report_of(CASES)
    (section,) = (node for node in root.all("section") if node.attributes["id"] == "calibration")
    labels = [drawing.attributes["aria-label"] for drawing in section.all("svg")]
    assert labels[0] == "Intent: calibration error 15.0%, 40 utterances"
    assert [label.partition(":")[0] for label in labels] == ["Intent", "Domain", "Frame"] * 3
    assert [node.text for node in section.all("summary")] == ["Diagrams of en-US", "Diagrams of it-IT"]
    head, *rows = ([cell.text for cell in row.all() if cell.tag in {"th", "td"}] for row in section.all("tr"))
    assert head[:3] == ["Locale", "Intent error", "By chance"]
    assert [row[:2] for row in rows] == [["en-US", "5.0%"], ["it-IT", "25.0%"], ["Pooled", "15.0%"]]


def test_a_dot_stands_for_each_bin_and_says_what_is_in_it() -> None:
    drawing = next(report_of(CASES).all("svg"))
    bins = reliability(*answers("intent", CASES))
    reported = [dot.text for dot in drawing.all("use")]
    assert len(reported) == len(bins)
    assert reported[0] == f"50.0% sure, 25.0% right, {bins[0].utterances} utterances"
    heights = [float(dot.attributes["y"]) for dot in drawing.all("use")]
    assert heights[0] > heights[-1]  # y grows downwards
