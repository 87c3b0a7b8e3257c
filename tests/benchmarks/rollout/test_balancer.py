"""The balancer asks pods as the readiness probe does, and sends no request a second time."""

from pathlib import Path

import pytest

from benchmarks.errors import MeasurementFailed
from benchmarks.rollout.balancer import BY, By, balancing, configuration
from benchmarks.rollout.deployment import Probe

PROBE = Probe("/health/ready", period_s=2, timeout_s=1.5, failures=4, successes=1)


@pytest.mark.parametrize("by", BY)
def test_checks_are_those_of_the_probe_and_nothing_is_tried_again(by: By, tmp_path: Path) -> None:
    text = configuration(PROBE, ["pod-1", "pod-2"], by, control=tmp_path / "control", ports=(9000, 9001))
    lines = [line.strip() for line in text.splitlines()]
    assert "default-server check inter 2000ms fall 4 rise 1 disabled" in lines
    assert "timeout check 1500ms" in lines
    assert any(line.startswith("http-check send meth GET uri /health/ready ") for line in lines)
    assert {"retries 0", "no option redispatch"} <= set(lines)
    assert [line.split()[1] for line in lines if line.startswith("server ")] == ["pod-1", "pod-2"]
    assert f"mode {'tcp' if by == 'connection' else 'http'}" in lines


def test_without_haproxy_nothing_is_rehearsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(MeasurementFailed, match="found no haproxy on PATH"),
        balancing(tmp_path, PROBE, ["pod-1"], "connection"),
    ):
        raise AssertionError
