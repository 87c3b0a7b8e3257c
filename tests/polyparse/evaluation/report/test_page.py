"""The report: one page that stands alone, shows what there is and nothing else, and lets no data become markup."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.resources import files

import pytest

from polyparse.contract.frame import Choice, Frame, Slot
from polyparse.corpora.read import Example, TextSpan
from polyparse.evaluation.evaluate import Case, measure
from polyparse.evaluation.measures import MEASURES
from polyparse.evaluation.reliability import calibration_of
from polyparse.evaluation.report.page import SECTIONS, page
from polyparse.evaluation.report.parts import Report
from tests.polyparse.evaluation.report.html_tree import Node, read_html

STYLE = files("polyparse.evaluation.report").joinpath("templates", "style.css").read_text(encoding="utf-8")
HOSTILE = "<script>alert('x')</script>&\"<img src=//evil>"


def case_of(text: str, locale: str, *, intent: str = "set", actual: str = "set", slot: str = "time") -> Case:
    """The last word is the slot; it is found under its name only where the intent is."""
    start = text.rindex(" ") + 1
    example = Example("1", text, locale, "test", "alarm", intent, (TextSpan(slot, start, len(text)),))
    name = slot if actual == intent else "date"
    slots = (Slot(name, text[start:], start, len(text), 0.9),)
    return Case(example, Frame(text, locale, Choice("alarm", 0.9), Choice(actual, 0.8), slots, 0.7))


CASES = [
    case_of("wake me at seven", "en-US"),
    case_of("cancel my alarm at eight", "en-US", intent="cancel", actual="set"),
    case_of("despiértame a las siete", "es-ES"),
    case_of("quita la alarma de las ocho", "es-ES", intent="cancel", actual="set"),
    case_of("أيقظني الساعة السابعة", "ar-SA", intent="cancel", actual="ask"),
]


def report_of(cases: list[Case], title: str = "words 1 on massive test") -> Report:
    actual = measure([case.example for case in cases], [case.frame for case in cases])
    actual["calibration"] = calibration_of(cases)
    return Report(title, {"Model": "words", "Digest": "0123"}, actual, cases)


def tree(report: Report) -> Node:
    return read_html(page(report))


def section(root: Node, key: str) -> Node:
    (actual,) = (node for node in root.all("section") if node.attributes["id"] == key)
    return actual


def cells(table: Node) -> list[list[str]]:
    return [[cell.text for cell in row.all() if cell.tag in {"th", "td"}] for row in table.all("tr")]


def test_the_page_needs_nothing_from_elsewhere() -> None:
    root = tree(report_of(CASES))
    assert not any(set(node.attributes) & {"src", "srcset", "action"} for node in root.all())
    links = [node.attributes.get("href") or node.attributes.get("xlink:href") for node in root.all()]
    assert all(link.startswith("#") for link in links if link is not None)
    assert not {node.tag for node in root.all()} & {"script", "link", "iframe", "img", "object"}
    assert not re.search(r"url\(|@import|@font-face", STYLE)


def test_the_page_can_be_walked_without_seeing_it() -> None:
    root = tree(report_of(CASES))
    (html,) = root.all("html")
    ids = [node.attributes["id"] for node in root.all() if "id" in node.attributes]
    assert html.attributes["lang"] == "en"
    assert len(list(root.all("h1"))) == len(list(root.all("main"))) == 1
    assert len(set(ids)) == len(ids)
    assert {node.attributes["href"][1:] for node in root.all("a")} == {key for key, _, _ in SECTIONS}
    assert {node.attributes["aria-labelledby"] for node in root.all("section")} <= set(ids)
    for table in root.all("table"):
        assert next(table.all("caption")).text
        assert all(th.attributes.get("scope") in {"row", "col"} for th in table.all("th"))


def test_data_never_becomes_markup() -> None:
    cases = [case_of(f"{HOSTILE} wake {HOSTILE}", "en-US", intent=HOSTILE, actual="set", slot=HOSTILE)]
    report = report_of(cases, title=HOSTILE)._replace(facts={HOSTILE: HOSTILE})
    root = tree(report)
    assert not list(root.all("script"))
    assert not list(root.all("img"))
    assert next(root.all("h1")).text == HOSTILE
    assert HOSTILE in section(root, "made").text
    assert cells(next(section(root, "intents").all("table")))[1][0] == HOSTILE
    assert cells(next(section(root, "confusions").all("table")))[1][0] == HOSTILE
    assert any(HOSTILE in node.text for node in section(root, "errors").all("mark"))


def test_measures_stand_by_locale_with_their_mean_last() -> None:
    report = report_of(CASES)
    head, *rows, mean = cells(next(section(tree(report), "locales").all("table")))
    assert head == ["Locale", "Utterances", *(measure.title for measure in MEASURES.values())]
    assert [row[0] for row in rows] == ["en-US", "es-ES", "ar-SA"]
    assert rows[0][1:4] == ["2", "50.0%", "50.0%"]
    assert mean[:3] == ["Mean", "5", "33.3%"]


def test_a_share_has_a_bar_and_a_rate_has_none() -> None:
    table = next(section(tree(report_of(CASES)), "locales").all("table"))
    heads = {
        head.text: head.attributes["class"] for head in table.all("th") if head.attributes["scope"] == "col"
    }
    assert {measure.title: heads[measure.title] for measure in MEASURES.values()} == {
        measure.title: measure.kind for measure in MEASURES.values()
    }
    assert all("style" not in cell.attributes for cell in table.all("td", "rate"))
    assert all("--share:" in cell.attributes["style"] for cell in table.all("td", "share"))


def test_the_page_says_what_each_measure_means() -> None:
    reported = section(tree(report_of(CASES)), "locales")
    names, meanings = ([node.text for node in reported.all(tag)] for tag in ("dt", "dd"))
    assert dict(zip(names, meanings, strict=True)) == {
        measure.title: measure.meaning for measure in MEASURES.values()
    }


def test_intents_with_the_most_wrong_utterances_come_first() -> None:
    rows = cells(next(section(tree(report_of(CASES)), "intents").all("table")))
    assert [row[:3] for row in rows[1:]] == [["cancel", "3", "0.0%"], ["set", "2", "100.0%"]]


def test_confusions_say_how_often_and_show_one() -> None:
    rows = cells(next(section(tree(report_of(CASES)), "confusions").all("table")))
    assert rows[1] == ["cancel", "set", "2", "66.7%", "cancel my alarm at eight"]
    assert rows[2] == ["cancel", "ask", "1", "33.3%", "أيقظني الساعة السابعة"]


def test_slots_have_precision_recall_f1_and_errors_by_kind() -> None:
    rows = cells(next(section(tree(report_of(CASES)), "slots").all("table")))
    by_name = {row[0]: row[1:] for row in rows[1:]}
    assert by_name["time"] == ["5", "2", "100.0%", "40.0%", "57.1%", "0", "3", "0", "0"]
    assert by_name["date"] == ["0", "3", "0.0%", "–", "0.0%", "0", "0", "0", "3"]


def test_an_error_shows_true_and_found_spans_in_the_utterances_own_language() -> None:
    errors = section(tree(report_of(CASES)), "errors")
    (arabic,) = (node for node in next(errors.all("article")).all("div", "case") if "ar-SA" in node.text)
    assert [node.attributes["lang"] for node in arabic.all("span", "utterance")] == ["ar-SA", "ar-SA"]
    assert [node.text for node in arabic.all("dt")] == ["true", "found"]
    assert [mark.text for mark in arabic.all("mark")] == ["السابعة time (differs)", "السابعة date (differs)"]


def test_spans_that_agree_are_marked_right() -> None:
    wrong = case_of("wake me at seven", "en-US", actual="ask")
    extra = replace(wrong.frame, slots=(*CASES[0].frame.slots, Slot("date", "wake", 0, 4, 1.0)))
    errors = section(tree(report_of([Case(wrong.example, extra)])), "errors")
    actual = [(mark.text, mark.attributes["class"]) for mark in errors.all("mark")][1:]
    assert actual == [("seven time", "right"), ("wake date (differs)", "wrong"), ("seven time", "right")]


def bare(case: Case) -> Case:
    """As a corpus without domains and intents has it, and a model that finds no slots."""
    example = replace(case.example, domain=None, intent=None, slots=())
    return Case(example, replace(case.frame, domain=None, intent=None, slots=()))


def test_what_a_corpus_does_not_have_is_left_out() -> None:
    root = tree(report_of([bare(case) for case in CASES]))
    assert [node.attributes["id"] for node in root.all("section")] == ["locales", "calibration", "made"]
    assert [node.text for node in root.all("a")] == ["By locale", "Confidence", "How this was made"]
    assert [node.text for node in next(root.all("dl", "tiles")).all("dt")] == [
        "Exact match",
        "Frame accuracy",
    ]


def test_where_nothing_is_wrong_the_page_says_so() -> None:
    root = tree(report_of([CASES[0]]))
    assert "Every utterance was given its true intent." in section(root, "confusions").text
    assert "errors" not in {node.attributes["id"] for node in root.all("section")}


def test_the_same_report_gives_the_same_page() -> None:
    assert page(report_of(CASES)) == page(report_of(list(CASES)))


def luminance(colour: str) -> float:
    """WCAG 2's relative luminance of #rrggbb."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(theme: int) -> None:
    """WCAG 2, AA: a contrast of at least 4.5."""
    block = STYLE.split(":root {")[1 + theme].split("}")[0]
    colours = dict(re.findall(r"--([\w-]+): (#\w{6})", block))
    pairs = [(ink, ground) for ink in ("ink", "soft", "accent") for ground in ("page", "card")]
    pairs += [("ink", "right"), ("ink", "wrong"), ("ink", "bar")]
    for ink, ground in pairs:
        low, high = sorted(luminance(colours[name]) for name in (ink, ground))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (ink, ground)
