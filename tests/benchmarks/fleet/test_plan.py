"""Fleets on paper: their arithmetic, their assumptions, and the table in k8s/README.md."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from benchmarks.errors import MeasurementFailed
from benchmarks.fleet import __main__ as command
from benchmarks.fleet import document, plan
from benchmarks.fleet.plan import Assumptions
from service.metrics.metrics import Metrics
from tests.k8s.manifests import only, quantity

if TYPE_CHECKING:
    from pathlib import Path

SEEN = {
    "core_per_s": 5000.0,
    "rss_mb": 190.0,
    "rss_two_versions_mb": 260.0,
    "series": 300.0,
    "series_two_versions": 400.0,
    "page_bytes": 30_000.0,
    "bundle_bytes": 1e7,
    "promote_s": 2.0,
}


def test_a_fleet_stands_the_loss_of_a_zone() -> None:
    assumed = Assumptions()
    for per_s in plan.RATES:
        column = plan.fleet(per_s, SEEN)
        left = column.pods * (assumed.zones - 1) // assumed.zones
        pod_per_s = SEEN["core_per_s"] * assumed.cores_per_pod * assumed.gain_per_core
        assert per_s / (left * pod_per_s) <= assumed.utilisation_one_zone_lost
        assert column.pods % assumed.zones == 0


def test_a_fleet_is_worked_out_by_hand() -> None:
    """9,000 a pod; 0.75 of two thirds of that is 4,500: 100,000 a second take 23 pods, 24 in three zones."""
    column = plan.fleet(100_000, SEEN)
    assert (column.pods, column.machines, column.cells) == (24, 3, 1)
    assert column.utilisation == pytest.approx(100_000 / (24 * 9000))
    assert column.promote_gb == pytest.approx(0.24)
    assert column.cost == pytest.approx(24 * 2 * 0.04 * 730)
    assert column.series == 9600
    assert (column.balancers, column.connections_per_pod) == (3, 6)
    assert column.promote_gbit_s == pytest.approx(8 * 0.24 / 10)
    assert column.cost_per_million == pytest.approx(column.cost / (0.1 * 3600 * 730))


@pytest.mark.parametrize("key", plan.MEASURED)
@pytest.mark.parametrize("value", [math.nan, math.inf, 0.0, -1.0])
def test_a_plan_without_a_figure_is_none(key: str, value: float) -> None:
    with pytest.raises(MeasurementFailed, match=f"^{key}: found {value}"):
        plan.text({**SEEN, key: value})


def test_a_run_on_a_busy_machine_says_so() -> None:
    assert "done anew" in plan.text({**SEEN, "load_average": 20.0})
    assert "done anew" not in plan.text({**SEEN, "load_average": 0.3})


def test_every_assumption_can_be_put_otherwise() -> None:
    assert command.assumptions(["zones=2", "price_per_core_hour=0.1"]) == replace(
        Assumptions(), zones=2, price_per_core_hour=0.1
    )


@pytest.mark.parametrize("pair", ["price=1", "zones=two", "zones=0", "zones"])
def test_an_assumption_that_is_none_is_refused(pair: str) -> None:
    with pytest.raises(MeasurementFailed, match="--assume"):
        command.assumptions([pair])


def test_a_file_without_figures_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "run.json"
    assert command.main(["--plan", "--measured", str(file)]) == 2
    file.write_text('{"figures": [1]}', encoding="utf-8")
    assert command.main(["--plan", "--measured", str(file)]) == 2
    assert "found no figures" in capsys.readouterr().err


def test_a_plan_is_printed_with_the_assumptions_that_were_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "run.json"
    file.write_text(json.dumps({"figures": SEEN}), encoding="utf-8")
    assert command.main(["--plan", "--measured", str(file), "--assume", "zones=4"]) == 0
    assert capsys.readouterr().out == plan.text(SEEN, Assumptions(zones=4)) + "\n"


def test_a_document_is_filled_between_its_marks_and_nowhere_else() -> None:
    text = f"before\n{document.BEGIN}\nold\n{document.END}\nafter\n"
    assert document.filled(text, "new") == f"before\n{document.BEGIN}\n\nnew\n\n{document.END}\nafter\n"
    assert document.block(document.filled(text, "new")) == "new"
    for broken in ("none", f"{document.END}{document.BEGIN}", f"{text}{text}"):
        with pytest.raises(MeasurementFailed, match="found no place"):
            document.filled(broken, "new")


def test_the_table_of_the_manifests_readme_is_that_of_the_run_that_is_kept() -> None:
    shown = document.block(document.README.read_text(encoding="utf-8"))
    assert shown == plan.text(command.read_figures(command.KEPT))


def test_the_pods_of_the_plan_are_those_of_the_deployment() -> None:
    """Their cores; and memory for a canary and a shadow beside the two versions, and a process that rehearses another."""
    (container,) = only("Deployment")["spec"]["template"]["spec"]["containers"]
    limits, kept = container["resources"]["limits"], command.read_figures(command.KEPT)
    assert quantity(limits["cpu"]) == Assumptions().cores_per_pod
    another_mb = kept["rss_two_versions_mb"] - kept["rss_mb"]
    assert quantity(limits["memory"]) > 1e6 * (kept["rss_two_versions_mb"] + 2 * another_mb + kept["rss_mb"])


def test_series_that_are_planned_are_no_fewer_than_a_service_has_before_its_first_request() -> None:
    kept = command.read_figures(command.KEPT)
    least = sum(not line.startswith("#") for line in Metrics().render().decode().splitlines())
    assert kept["series_two_versions"] >= kept["series"] > least
