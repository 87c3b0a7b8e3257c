"""Percentiles agree with those of another load generator, on a server whose delays are known."""

from __future__ import annotations

import csv
import json
import subprocess
from contextlib import contextmanager
from io import StringIO
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING

import pytest

from loadtest.cli import main
from loadtest.percentiles import percentile
from tests.loadtest.site import OK, Heard, Said, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
"""None is near a share at which a delay ends."""
SCENARIO = """
title = "Known delays"
about = "As others send it."
arrivals = "uniform"
phases = [{ name = "steady", seconds = 6 }]
"""


def delayed(heard: Heard) -> Said:
    """Of a hundred answers 80 take 10 ms, 15 take 40 ms and 5 take 120 ms, whoever asks: by lot, always the same one."""
    lot = Random(heard.number).random()
    return Said(OK, 0.01 if lot < 0.8 else 0.04 if lot < 0.95 else 0.12)


@pytest.mark.needs_tools("hey")
def test_percentiles_are_those_of_hey_on_the_same_server(tmp_path: Path) -> None:
    scenario = tmp_path / "known.toml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    with serving(delayed) as (address, _):
        command = [
            "hey",
            "-z",
            "6s",
            "-c",
            "10",
            "-q",
            "10",
            "-o",
            "csv",
            "-m",
            "POST",
            "-d",
            "{}",
            f"{address.url}/parse",
        ]
        printed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout  # noqa: S603
        assert main(
            ["run", str(scenario), "--url", address.url, "--rate", "100", "--out", str(tmp_path)]
        ) in {0, 1}
    theirs_ms = sorted(1000 * float(row["response-time"]) for row in csv.DictReader(StringIO(printed)))
    ours = json.loads(tmp_path.joinpath("result.json").read_text(encoding="utf-8"))["judged"]
    assert len(theirs_ms) == pytest.approx(ours["requests"], rel=0.2)
    for name, share in SHARES.items():
        assert ours["latency_ms"][name] == pytest.approx(percentile(theirs_ms, share), rel=0.15, abs=3)


K6 = """
import http from "k6/http";
export const options = {
  scenarios: { steady: {
    executor: "constant-arrival-rate", rate: 100, timeUnit: "1s", duration: "6s", preAllocatedVUs: 200,
  } },
  summaryTrendStats: ["p(50)", "p(90)", "p(99)"],
};
export default function () { http.post(`${__ENV.URL}/parse`, "{}"); }
"""
PATIENT = "load_per_s = 100\ngood_share = 0.9\nin_time_ms = 5000\np99_ms = 5000\n"
"""An SLO by which an answer after a second is in time."""
STALL_S = (3.0, 4.0)
"""From when to when the server stands still, in seconds after the first request."""
APART_MS = {"p50": 20, "p99": 150}
STALLED_MS = 200
"""The 90th percentile is in the middle of the stall, where a hundredth of the requests more moves it by 60 ms, and k6 begins
when it likes: it is more than this in both. Who waited for answers before he asked again would find 40 ms there, and a p99
of 120."""


class Stalling:
    """Answers after the known delays; who comes in the stall waits for its end."""

    def __init__(self) -> None:
        self._first_s: float | None = None

    def __call__(self, heard: Heard) -> Said:
        now_s = perf_counter()
        self._first_s = now_s if self._first_s is None else self._first_s
        passed_s = now_s - self._first_s
        begin_s, end_s = STALL_S
        return Said(OK, end_s - passed_s) if begin_s <= passed_s < end_s else delayed(heard)


@contextmanager
def k6_beside(url: str, folder: Path) -> Iterator[dict[str, dict[str, float]]]:
    """Let k6 send its load for the length of a `with`, and fill in what it says of it."""
    folder.joinpath("steady.js").write_text(K6, encoding="utf-8")
    command = ["k6", "run", "--no-usage-report", "--quiet", "--env", f"URL={url}"]
    command += ["--summary-export", str(folder / "k6.json"), str(folder / "steady.js")]
    metrics: dict[str, dict[str, float]] = {}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:  # noqa: S603
        yield metrics
        assert process.wait(60) == 0
    metrics.update(json.loads(folder.joinpath("k6.json").read_text(encoding="utf-8"))["metrics"])


@pytest.mark.needs_tools("k6")
def test_percentiles_are_those_of_k6_at_the_same_time(tmp_path: Path) -> None:
    """Both have open arrivals: what a stall holds up is in the percentiles of both."""
    scenario = tmp_path / "known.toml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    slo = tmp_path / "slo.toml"
    slo.write_text(PATIENT, encoding="utf-8")
    with serving(Stalling()) as (address, _), k6_beside(address.url, tmp_path) as metrics:
        command = ["run", str(scenario), "--url", address.url, "--rate", "100", "--out", str(tmp_path)]
        command += ["--slo", str(slo)]
        assert main(command) == 0
    ours = json.loads(tmp_path.joinpath("result.json").read_text(encoding="utf-8"))["judged"]
    assert metrics["iterations"]["count"] == pytest.approx(ours["requests"], abs=5)
    assert metrics["iterations"]["rate"] == pytest.approx(100, rel=0.15)
    assert ours["latency_ms"]["p99"] >= 800
    for name, apart_ms in APART_MS.items():
        theirs_ms = metrics["http_req_duration"][f"p({name[1:]})"]
        assert ours["latency_ms"][name] == pytest.approx(theirs_ms, rel=0.15, abs=apart_ms)
    assert min(ours["latency_ms"]["p90"], metrics["http_req_duration"]["p(90)"]) >= STALLED_MS
