"""The commands, as they are typed: against a small server, and against the service itself with its shipped models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from loadtest import points
from loadtest.cli import main
from loadtest.percentiles import percentile
from loadtest.service import free_port
from tests.loadtest.site import OK, Heard, Said, serving

if TYPE_CHECKING:
    from pathlib import Path

    Capture = pytest.CaptureFixture[str]

SCENARIO = """
title = "A <short> one"
about = "Half a second, and as much of a warm-up."
arrivals = "uniform"
phases = [{ name = "warm-up", seconds = 0.5, judged = false }, { name = "steady", seconds = 0.5 }]
"""
SLO = "load_per_s = 100\ngood_share = 0.999\nin_time_ms = 5000\np99_ms = 4000\n"
"""One that a busy machine keeps too."""
REFUSAL = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    file = tmp_path / "short.toml"
    file.write_text(SCENARIO, encoding="utf-8")
    return str(file)


@pytest.fixture
def slo(tmp_path: Path) -> str:
    file = tmp_path / "slo.toml"
    file.write_text(SLO, encoding="utf-8")
    return str(file)


def test_a_run_passes_is_reported_and_can_be_checked_from_its_raw_points(
    scenario: str, slo: str, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out"
    with serving(lambda _: Said(OK)) as (address, heard):
        argv = ["run", scenario, "--url", address.url, "--slo", slo, "--rate", "100", "--out", str(out)]
        assert main(argv) == 0
    assert "A <short> one: PASS at 100 requests a second" in capsys.readouterr().out
    result = json.loads(out.joinpath("result.json").read_text(encoding="utf-8"))
    raw = [point for point in points.read(out / "points.csv.gz") if point.intended_s >= 0.5]
    assert len(heard) >= 99
    assert result["verdict"] == "pass"
    assert result["judged"]["requests"] == len(raw)
    latencies_ms = sorted(1000 * point.latency_s for point in raw)
    for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)):
        found = result["judged"]["latency_ms"][name]
        assert found == pytest.approx(percentile(latencies_ms, share), rel=1e-4)
    page = out.joinpath("report.html").read_text(encoding="utf-8")
    assert "A &lt;short&gt; one" in page
    assert not any(outside in page for outside in ("<script", 'src="', 'href="http', "@import"))


def test_a_service_that_refuses_fails(scenario: str, capsys: Capture) -> None:
    with serving(lambda _: Said(REFUSAL)) as (address, _):
        assert main(["run", scenario, "--url", address.url, "--rate", "100"]) == 1
    printed = capsys.readouterr().out
    assert "FAIL" in printed
    assert "refused" in printed


def test_a_capacity_is_found(slo: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """The small server refuses everybody after its sixtieth answer."""
    monkeypatch.setattr("loadtest.capacity.WARM_UP_S", 0.05)

    def answer(heard: Heard) -> Said:
        return Said(OK if heard.number < 60 else REFUSAL)

    with serving(answer) as (address, _):
        argv = ["capacity", "--url", address.url, "--slo", slo, "--rate", "40", "--seconds", "0.25"]
        status = main(argv)
    printed = capsys.readouterr().out
    assert status == 0
    assert "40 a second: pass" in printed
    assert "requests a second keep the SLO" in printed


def test_the_service_is_started_asked_and_ended(tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "out"
    status = main(
        ["run", "mixed", "--times", "0.03", "--rate", "60", "--out", str(out), "--", "--threads", "1"]
    )
    printed = capsys.readouterr().out
    assert status in {0, 1}, printed  # a busy machine may miss the SLO, but all have an answer
    result = json.loads(out.joinpath("result.json").read_text(encoding="utf-8"))
    assert set(result["judged"]["outcomes"]) <= {"ok", "slow"}
    assert {"encode", "queue", "score", "decode", "assemble", "rest"} <= set(result["stages"])
    assert result["stages"]["encode"]["all_mean_ms"] > 0
    assert {version for second in result["seconds"] for version in second["versions"]} != set()


def test_every_scenario_is_listed(capsys: Capture) -> None:
    assert main(["list"]) == 0
    printed = capsys.readouterr().out
    assert "swap_by_admin" in printed
    assert "steady" in printed


REFUSED = {
    "nobody listens": ["run", "steady", "--url", f"http://127.0.0.1:{free_port()}"],
    "no such scenario": ["run", "steedy", "--url", "http://127.0.0.1:1"],
    "no such SLO": ["run", "steady", "--url", "http://127.0.0.1:1", "--slo", "/no/such/file"],
    "options for a service that is not started": [
        "run",
        "steady",
        "--url",
        "http://a:1",
        "--",
        "--threads",
        "1",
    ],
    "an unset variable": ["run", "swap", "--url", "http://127.0.0.1:1"],
    "no folder": ["run", "steady", "--url", "http://127.0.0.1:1", "--out", "/dev/null/out"],
    "a service that does not start": ["run", "steady", "--", "--no-such-option"],
}


@pytest.mark.parametrize("argv", REFUSED.values(), ids=REFUSED)
def test_what_cannot_begin_says_why(argv: list[str], capsys: Capture) -> None:
    assert main(argv) == 2
    assert capsys.readouterr().err.startswith("python -m loadtest: ")
