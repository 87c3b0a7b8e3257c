"""The comparison: every column of every system, how far polyparse leads in each, and what is missing and why."""

import re
from pathlib import Path

import pytest

from benchmarks.peers import row as rows
from benchmarks.peers.ours import trained_s
from benchmarks.peers.row import TARGETS, Row, figures, leads, table, targets
from benchmarks.result import Target

README = Path(rows.__file__).parents[1].joinpath("README.md").read_text(encoding="utf-8")

OURS = Row(
    "polyparse",
    "polyparse massive 2",
    {"exact_match": 0.65, "parse_ms": 0.5, "requests_per_s": 2000.0, "rss_mb": 150.0, "model_mb": 8.0},
    ("train_s: not known",),
    {"slot_f1": 0.76},
)
SMALL = Row(
    "small",
    "Small 1",
    {"exact_match": 0.5, "parse_ms": 1.0, "rss_mb": 75.0, "model_mb": 16.0, "train_s": 90.0},
    ("requests_per_s: it comes without a server",),
)
EXACT = Row(
    "exact",
    "Exact 1",
    {
        "exact_match": 0.6,
        "parse_ms": 2.0,
        "requests_per_s": 100.0,
        "rss_mb": 900.0,
        "model_mb": 32.0,
        "train_s": 1e4,
    },
)


def test_a_lead_is_over_the_best_peer_of_the_column() -> None:
    assert leads([OURS, SMALL, EXACT]) == pytest.approx(
        {
            "polyparse_exact_match_lead": 0.05,
            "polyparse_parse_ms_lead": 2.0,
            "polyparse_requests_per_s_lead": 20.0,
            "polyparse_rss_mb_lead": 0.5,
            "polyparse_model_mb_lead": 2.0,
        }
    )


def test_a_column_that_a_side_has_not_is_not_compared_and_has_no_target() -> None:
    actual = figures([OURS, SMALL])
    assert "polyparse_requests_per_s_lead" not in actual
    assert targets(actual).keys() == TARGETS.keys() - {"polyparse_requests_per_s_lead"}


def test_figures_are_named_by_system_and_column() -> None:
    actual = figures([OURS, SMALL])
    assert actual["polyparse_exact_match"] == 0.65
    assert actual["polyparse_slot_f1"] == 0.76
    assert actual["small_train_s"] == 90.0
    assert "small_requests_per_s" not in actual


def test_behind_in_one_column_misses_its_target() -> None:
    actual = figures([OURS, SMALL, EXACT])
    missed = [key for key, target in targets(actual).items() if not target.is_met_by(actual[key])]
    assert missed == ["polyparse_rss_mb_lead"]


def test_the_table_shows_every_system_and_says_why_a_column_is_empty() -> None:
    lines = table([OURS, SMALL, EXACT]).splitlines()
    assert lines[2] == "| polyparse massive 2 | 0.650 | 0.5 | 2,000 | 150 | 8 | none |"
    assert lines[4] == "| Exact 1 | 0.600 | 2 | 100 | 900 | 32 | 10,000 |"
    assert lines[5:] == ["polyparse: train_s: not known", "small: requests_per_s: it comes without a server"]


def test_what_training_took_is_read_off_the_card(tmp_path: Path) -> None:
    card = tmp_path / "MODEL_CARD.md"
    card.write_text("# massive 2\n\n- trained in 12,345 CPU seconds\n", encoding="utf-8")
    assert trained_s(card) == 12345.0
    card.write_text("# massive 1\n", encoding="utf-8")
    assert trained_s(card) is None
    card.unlink()
    assert trained_s(card) is None


@pytest.mark.parametrize(("key", "target"), TARGETS.items())
def test_a_target_stands_beside_its_figure(key: str, target: Target) -> None:
    (row,) = re.findall(rf"^\| `{key}` \|.*\| (.*) \|$", README, flags=re.MULTILINE)
    assert row == f"{target.operator} {target.bound:g}"


def test_the_readme_has_a_section_and_a_command() -> None:
    assert "\n## peers\n" in README
    assert "python -m benchmarks.peers --json runs/benchmarks/peers.json" in README
