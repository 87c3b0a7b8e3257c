"""A report's figures are those of its lines, worked out again; what the data cannot tell is said; a mix is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from experiments.cli import main
from experiments.code_version import CodeVersion
from experiments.report.contents import contents_of
from experiments.report.semer_cases import CASES, SemerCase, errors_of
from experiments.report.write import markdown, page
from experiments.result_line import ResultsFile
from experiments.study import read_study
from polyparse.errors import ConfigError
from tests.experiments.planted import outcomes_of, put_line

if TYPE_CHECKING:
    from experiments.report.sheet import StudyReport

ROOT = Path(__file__).parents[3]
STUDIES = sorted(ROOT.joinpath("studies").glob("*.toml"))
IDS = 60
STUDY = """
title = "A <study>"
seeds = [1, 2]
says = ["What it cannot tell by design."]
[corpora]
massive = "massive"
[parts.main]
plan = "plan.toml"
corpus = "massive"
[rows]
base = { title = "the base", run = "main/base" }
same = { run = "main/same" }
better = { run = "main/better" }
mixed = { runs = { "en-US" = "main/base", "hi-IN" = "main/better" } }
gone = { run = "main/gone" }
[[tables]]
kind = "relative"
title = "Relative"
rows = ["base", "same", "better", "mixed", "gone"]
baseline = "base"
[[tables]]
kind = "absolute"
title = "Hundredths"
rows = ["base", "better", "gone"]
measures = ["frame_accuracy", "semer"]
[[tables]]
kind = "absolute"
title = "Unseen"
rows = ["base"]
measures = ["frame_accuracy"]
view = "unseen"
[[tables]]
kind = "pairs"
title = "Pairs"
pairs = [["better", "base"]]
measures = ["frame_accuracy"]
[[tables]]
kind = "curves"
title = "Curve"
measures = ["slot_f1"]
x = [0.01, 0.1, 1.0]
[tables.series]
one = ["base", "better", "gone"]
[[tables]]
kind = "times"
title = "Times"
rows = ["base", "better"]
[[tables]]
kind = "gates"
title = "Gates"
rows = ["base"]
[[claims]]
row = "better"
than = "base"
measures = ["frame_accuracy", "semer"]
[[claims]]
row = "same"
than = "base"
measures = ["frame_accuracy"]
each_locale = true
[[claims]]
row = "gone"
than = "base"
measures = ["frame_accuracy"]
"""


def shares(seed: int) -> dict[str, list[bool]]:
    generator = np.random.default_rng(seed)
    return {locale: [bool(one) for one in generator.random(IDS) < 0.6] for locale in ("en-US", "hi-IN")}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study with planted results: "same" is as good as "base", "better" has right two thirds of the others besides."""
    path = tmp_path / "tiny.toml"
    path.write_text(STUDY, encoding="utf-8")
    results = ResultsFile(tmp_path / "results", "tiny", "small")
    for seed in (1, 2):
        base = shares(seed)
        better = {locale: [one or at % 3 > 0 for at, one in enumerate(of)] for locale, of in base.items()}
        same = {locale: [not of[0], *of[1:-1], not of[-1]] for locale, of in base.items()}
        flags = {"unseen": [at % 2 == 0 for _ in base for at in range(IDS)]}
        for name, right in (("base", base), ("better", better), ("same", same)):
            put_line(results, name, seed, outcomes_of(right, flags))
    return path


def report_of(path: Path) -> StudyReport:
    results = ResultsFile(path.parent / "results", "tiny", "small")
    return contents_of(read_study(path), path, "small", results, draws=400)


def rows_of(report: StudyReport, title: str) -> dict[str, list[str]]:
    """The cells of a sheet by its first two."""
    (sheet,) = (sheet for sheet in report.sheets if sheet.title == title)
    return {" ".join(row[:2]): list(row[2:]) for row in sheet.rows}


def test_means_and_deviations_are_those_of_the_planted_outcomes(study: Path) -> None:
    found = rows_of(report_of(study), "Hundredths")
    of_seeds = np.array([np.mean(shares(seed)["en-US"]) for seed in (1, 2)])
    assert found["base – the base en-US"] == [
        "2",
        f"{100 * of_seeds.mean():.2f} ± {100 * of_seeds.std(ddof=1):.2f}",
        f"{100 * (2 - 2 * of_seeds.mean()) / 2:.2f} ± {100 * of_seeds.std(ddof=1):.2f}",
    ]
    assert found["gone –"][:1] == ["0"]
    every_other = np.array([np.mean(shares(seed)["hi-IN"][::2]) for seed in (1, 2)])
    assert rows_of(report_of(study), "Unseen")["base – the base hi-IN"][1].startswith(
        f"{100 * every_other.mean():.2f} ±"
    )


def test_a_relative_cell_has_the_paper_s_five_and_the_base_is_one(study: Path) -> None:
    found = rows_of(report_of(study), "Relative")
    assert found["base – the base 2"][0] == "1.000 / 1.000 / 1.000 / 1.000 / 1.000"
    assert found["base – the base 2"][-1] == "1.000 [1.000, 1.000]"
    assert found["mixed 2"][0] == found["base – the base 2"][0]
    assert found["mixed 2"][1] == found["better 2"][1]
    semer, *others = map(float, found["better 2"][0].split(" / "))
    assert semer < 1 < min(others)
    assert found["gone 0"] == ["–", "–", "–"]


def test_a_pair_is_a_change_in_percent(study: Path) -> None:
    means = [np.mean([np.mean(shares(seed)["en-US"]) for seed in (1, 2)])]
    better = [[one or at % 3 > 0 for at, one in enumerate(shares(seed)["en-US"])] for seed in (1, 2)]
    expected = 100 * (np.mean(better) / means[0] - 1)
    assert rows_of(report_of(study), "Pairs")["better v base en-US"] == [f"{expected:+.2f}"]


def test_claims_are_corrected_together_and_what_cannot_be_told_is_said(study: Path) -> None:
    report = report_of(study)
    (claims,) = (sheet for sheet in report.sheets if sheet.title == "Claimed differences")
    by_claim = {(row[0], row[1], row[2]): row for row in claims.rows}
    assert len(by_claim) == 4, "a claim of what is not there is left out"
    won = by_claim["better v base", "Frame accuracy", "mean of en-US, hi-IN"]
    assert won[-1] == by_claim["better v base", "SEMER ↓", "mean of en-US, hi-IN"][-1] == "better"
    lost = by_claim["same v base", "Frame accuracy", "en-US"]
    assert lost[-1].startswith("cannot be told from chance; about ")
    ps = sorted(float(row[-3].removeprefix("< ")) for row in claims.rows)
    assert float(won[-2].removeprefix("< ")) == pytest.approx(4 * ps[0], abs=0.002)
    assert report.limits[0] == "What it cannot tell by design."
    assert any(limit.startswith("Frame accuracy: half of a 95 % interval is ") for limit in report.limits)


def test_what_is_missing_is_named_and_commands_are_given(study: Path) -> None:
    report = report_of(study)
    assert report.facts["Not there"] == "main/gone seed 1, main/gone seed 2"
    assert report.commands[0].endswith("--profile small --corpus massive=massive:PATH")
    assert report.facts["Code"] == "c" * 40


class Cells(HTMLParser):
    """The texts of a page's cells."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag in {"td", "th"}
        if self._inside:
            self.cells.append("")

    def handle_endtag(self, _tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.cells[-1] += data


def test_the_page_and_the_markdown_have_every_cell_and_the_page_escapes_and_needs_nothing(
    study: Path,
) -> None:
    report = report_of(study)
    html, text = page([report]), markdown([report])
    cells = [cell for sheet in report.sheets for row in (sheet.header, *sheet.rows) for cell in row]
    reader = Cells()
    reader.feed(html)
    assert reader.cells == cells
    assert all(cell in text for cell in cells)
    assert "A &lt;study&gt;" in html
    assert "<svg" in html
    assert re.findall(r'(?:src|href)="(?!#)[^"]*"', html) == []
    assert page([report_of(study)]) == html, "the same lines give the same bytes"


def test_the_command_writes_both_and_refuses_lines_of_two_commits(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = study.parent / "report"
    assert main(["report", str(study), "--out", str(out)]) == 0
    assert f"wrote {out / 'report.html'} and {out / 'report.md'}" in capsys.readouterr().out
    results = ResultsFile(study.parent / "results", "tiny", "small")
    before = (out / "report.md").read_bytes()
    line = next(line for line in results.lines() if line.run == "better")
    results.put(replace(line, code=CodeVersion("d" * 40, "e" * 64, is_dirty=False)))
    with pytest.raises(ConfigError, match="found lines of commits"):
        main(["report", str(study), "--out", str(out)])
    assert (out / "report.md").read_bytes() == before


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.says)
def test_semer_counts_as_by_hand(case: SemerCase) -> None:
    assert errors_of(case) == (case.errors, case.reference)


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_shipped_study_without_results_has_a_report_that_says_so(path: Path, tmp_path: Path) -> None:
    report = contents_of(read_study(path), path, "small", ResultsFile(tmp_path, path.stem, "small"))
    assert report.facts.get("Results") == "none yet"
    assert markdown([report])


COMMITTED = ROOT / "docs" / "studies"


@pytest.mark.skipif(not (COMMITTED / "report.md").exists(), reason="no study has been reported yet")
def test_the_committed_report_is_what_the_committed_lines_say(tmp_path: Path) -> None:
    """Every figure is worked out again from the lines of studies/results."""
    text = (COMMITTED / "report.md").read_text(encoding="utf-8")
    titles = re.findall(r"^## (.*)$", text, re.MULTILINE)
    by_title = {read_study(path).title: path for path in STUDIES}
    (profile,) = set(re.findall(r"^- Profile: (.*)$", text, re.MULTILINE))
    studies = [str(by_title[title]) for title in titles]
    assert main(["report", *studies, "--profile", profile, "--out", str(tmp_path)]) == 0
    assert (tmp_path / "report.md").read_text(encoding="utf-8") == text
