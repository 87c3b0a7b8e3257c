"""A rehearsal plays what the manifests say, and refuses manifests that it could not play."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from benchmarks.errors import MeasurementFailed
from benchmarks.rollout.deployment import Deployment, Probe, rendered
from service.settings import read
from tests.k8s import manifests


def shipped() -> dict[str, Any]:
    return deepcopy(manifests.only("Deployment"))


def test_it_is_that_of_the_base() -> None:
    found = Deployment.of([manifests.only("Service"), shipped()])
    assert found.readiness == Probe("/health/ready", period_s=2, timeout_s=2, failures=2, successes=1)
    assert (found.startup.period_s, found.startup.failures) == (2, 165)
    assert (found.pre_stop_s, found.grace_s, found.min_ready_s) == (5, 40, 5)
    assert read(found.flags, {}).lame_duck_s == 5


@pytest.mark.parametrize(
    ("most", "replicas", "surge"), [("25%", 3, 1), ("25%", 5, 2), ("100%", 3, 3), (2, 3, 2)]
)
def test_a_surge_in_percent_is_rounded_up(most: int | str, replicas: int, surge: int) -> None:
    deployment = shipped()
    deployment["spec"]["strategy"]["rollingUpdate"]["maxSurge"] = most
    assert Deployment.of([deployment]).surge(replicas) == surge


def test_without_grace_there_is_no_pre_stop_and_no_lame_duck_and_all_else_is_the_same() -> None:
    found = Deployment.of([shipped()])
    bare = found.without_grace()
    assert (bare.pre_stop_s, read(bare.flags, {}).lame_duck_s) == (0, 0)
    assert (bare.grace_s, bare.readiness, bare.min_ready_s) == (
        found.grace_s,
        found.readiness,
        found.min_ready_s,
    )


def test_two_deployments_are_refused() -> None:
    with pytest.raises(MeasurementFailed, match="found 2 Deployments, expected one"):
        Deployment.of([shipped(), shipped()])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec/strategy/rollingUpdate/maxUnavailable", 1),
        ("spec/template/spec/containers/0/args", ["parse"]),
        ("spec/template/spec/containers/0/lifecycle/preStop", {"exec": {"command": ["sleep", "5"]}}),
        ("spec/template/spec/containers/0/readinessProbe", {"tcpSocket": {"port": 8080}}),
    ],
)
def test_what_could_not_be_played_is_refused(path: str, value: object) -> None:
    deployment = shipped()
    place: Any = deployment
    *folders, name = path.split("/")
    for each in folders:
        place = place[int(each) if isinstance(place, list) else each]
    place[name] = value
    with pytest.raises(MeasurementFailed, match=r"Deployment polyparse: found .*, expected one container"):
        Deployment.of([deployment])


def test_without_kubectl_nothing_is_rendered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MeasurementFailed, match="found no kubectl on PATH"):
        rendered(tmp_path)
