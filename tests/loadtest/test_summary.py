"""Figures are those of the raw points, by phase, by second and by stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadtest import points as point_files
from loadtest.points import Point
from loadtest.schedule import Segment
from loadtest.slo import Slo
from loadtest.summary import REST, summarise

if TYPE_CHECKING:
    from pathlib import Path

SLO = Slo(load_per_s=100, good_share=0.999, in_time_ms=250, p99_ms=50)
CUT = (
    Segment("warm-up", 0.0, 1.0, 4.0, 4.0, judged=False),
    Segment("steady", 1.0, 2.0, 2.0, 2.0, judged=True),
)
POINTS = [
    Point(0.2, 0.2, 0.7, "ok", 200, "parse", "1"),
    Point(0.9, 0.9, 0.95, "refused", 429, "parse", None),
    Point(1.1, 1.15, 1.17, "ok", 200, "parse", "1", {"encode": 1.0, "score": 4.0}),
    Point(1.5, 1.5, 1.54, "ok", 200, "parse", "1"),
    Point(2.5, 2.5, 2.51, "ok", 200, "parse", "2", {"encode": 3.0, "score": 2.0}),
    Point(2.9, 2.9, 12.9, "timed out", 0, "parse", None),
]


def test_points_fall_into_the_phase_and_the_second_in_which_they_were_meant_to_be_sent() -> None:
    actual = summarise(POINTS[::-1], CUT, SLO, {})
    assert {name: figures.requests for name, figures in actual.phases.items()} == {"warm-up": 2, "steady": 4}
    assert actual.judged is not None
    assert actual.judged.per_s == 2
    assert actual.judged.good_share == 0.75
    assert actual.judged.latency_ms["p50"] == pytest.approx(40)
    assert actual.judged.outcomes == {"ok": 3, "timed out": 1}
    assert actual.phases["warm-up"].outcomes == {"slow": 1, "refused": 1}
    assert [second.versions for second in actual.seconds] == [{"1": 1}, {"1": 2}, {"2": 1}]


def test_the_rest_of_a_latency_is_what_no_stage_accounts_for() -> None:
    actual = summarise(POINTS, CUT, SLO, {"encode": 1.5})
    assert actual.stages["encode"].mean_ms == 2
    assert actual.stages["encode"].all_mean_ms == 1.5
    assert actual.stages["score"].all_mean_ms is None
    assert actual.stages[REST].mean_ms == pytest.approx((65 + 5) / 2)
    assert actual.seconds[2].stages_ms["score"] == 2


def test_the_generators_lag_is_told_apart() -> None:
    assert summarise(POINTS, CUT, SLO, {}).lag_ms["max"] == pytest.approx(50)


def test_points_are_the_same_once_written_and_read(tmp_path: Path) -> None:
    file = tmp_path / "points.csv.gz"
    point_files.write(POINTS, file)
    assert list(point_files.read(file)) == [point._replace(stages_ms=None) for point in POINTS]
