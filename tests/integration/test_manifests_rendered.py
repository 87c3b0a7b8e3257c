"""What Kustomize makes of the manifests is valid, strictly, for two versions of Kubernetes; what is unknown is refused."""

from __future__ import annotations

import importlib
import os
import subprocess
from copy import deepcopy
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.integration.crd_schemas import MODELS, schema_of, unknown_fields
from tests.k8s.manifests import FOLDER, Object

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.needs_tools("kubectl", "kubernetes_validate", "cloudcoil", "jsonschema", "kserve")
VERSIONS = ("1.31", "1.37")
WHOLE = ("overlays/cpu", "overlays/gpu", "jobs/train", "jobs/annotate", "kserve")
COMPONENTS = ("model-volume", "model-object-store", "hpa", "keda", "monitoring")
OF_KSERVE = ("minReplicas", "maxReplicas", "scaleMetric", "scaleTarget")
"""Fields of a predictor that are none of a pod's."""


def rendered(folder: Path) -> list[Object]:
    """The objects that Kustomize makes."""
    done = subprocess.run(  # noqa: S603  our own folder
        ["kubectl", "kustomize", str(folder)],  # noqa: S607
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each]


@cache
def whole(name: str) -> list[Object]:
    """The objects of a folder that stands for itself."""
    return rendered(FOLDER / name)


def check(thing: Object, version: str) -> None:
    """Raise what says why an object is not valid."""
    if thing["kind"] == "InferenceService":
        assert unknown_fields(thing) == []
        predictor = {name: each for name, each in thing["spec"]["predictor"].items() if name not in OF_KSERVE}
        thing = {"apiVersion": "v1", "kind": "Pod", "metadata": thing["metadata"], "spec": predictor}
    if thing["kind"] in MODELS:
        importlib.import_module("jsonschema").validate(thing, schema_of(thing["kind"]))
    else:
        importlib.import_module("kubernetes_validate").validate(thing, version, strict=True)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", WHOLE)
def test_what_is_applied_is_valid(name: str, version: str) -> None:
    assert whole(name)
    for thing in whole(name):
        check(thing, version)


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_component_fits_onto_the_base(component: str, tmp_path: Path) -> None:
    base, part = (os.path.relpath(FOLDER / each, tmp_path) for each in ("base", f"components/{component}"))
    tmp_path.joinpath("kustomization.yaml").write_text(
        yaml.safe_dump({"resources": [base], "components": [part]}), encoding="utf-8"
    )
    things = rendered(tmp_path)
    assert len([each for each in things if each["kind"] == "Deployment"]) == 1
    for thing in things:
        for version in VERSIONS:
            check(thing, version)


def changed(thing: Object, path: str, value: object) -> Object:
    """A copy with another value at a path."""
    copy = deepcopy(thing)
    *folders, name = path.split("/")
    place: Any = copy
    for each in folders:
        place = place[int(each) if isinstance(place, list) else each]
    place[name] = value
    return copy


def of_kind(kind: str) -> Object:
    """One object of a kind, as it is applied."""
    folder = "kserve" if kind == "InferenceService" else "jobs/train" if kind == "Job" else "overlays/cpu"
    return next(each for each in whole(folder) if each["kind"] == kind)


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("Deployment", "spec/template/spec/containers/0/imagePullpolicy", "Always"),
        ("Deployment", "spec/replicas", "three"),
        ("Job", "spec/backofLimit", 3),
        ("HorizontalPodAutoscaler", "spec/maxReplica", 3),
        ("PodDisruptionBudget", "spec/maxUnavailible", 1),
        ("NetworkPolicy", "spec/ingress/0/port", []),
        ("ServiceMonitor", "spec/endpoints/0/intervall", "15s"),
        ("ServiceMonitor", "spec/endpoints/0/interval", "15 seconds"),
        ("PrometheusRule", "spec/groups/0/rules/0/expression", "up"),
        ("InferenceService", "spec/predictor/minReplica", 3),
        ("InferenceService", "spec/predictor/containers/0/imagePullpolicy", "Always"),
        ("Service", "kind", "Servis"),
    ],
)
def test_a_slip_is_refused(kind: str, path: str, value: object) -> None:
    thing = of_kind(kind)
    check(thing, VERSIONS[-1])
    errors = tuple(
        getattr(importlib.import_module(module), name)
        for module, name in (
            ("jsonschema", "ValidationError"),
            ("kubernetes_validate", "ValidationError"),
            ("kubernetes_validate", "SchemaNotFoundError"),
        )
    )
    with pytest.raises((*errors, AssertionError)):
        check(changed(thing, path, value), VERSIONS[-1])


def test_a_field_newer_than_a_version_is_refused_for_it() -> None:
    error = importlib.import_module("kubernetes_validate").ValidationError
    with pytest.raises(error):
        check(of_kind("Deployment"), "1.25")


def test_overlays_differ_in_what_they_should() -> None:
    def server(name: str) -> Any:
        (deployment,) = (each for each in whole(name) if each["kind"] == "Deployment")
        return deployment["spec"]["template"]["spec"]["containers"][0]

    cpu, gpu = server("overlays/cpu"), server("overlays/gpu")
    assert "--device=cpu" in cpu["args"]
    assert "--device=cuda" in gpu["args"]
    assert (cpu["image"], gpu["image"]) == ("polyparse:0.2.0-cpu", "polyparse:0.2.0-gpu")
    assert gpu["resources"]["limits"]["nvidia.com/gpu"] == "1"


@pytest.mark.parametrize("name", ["overlays/cpu", "overlays/gpu"])
def test_a_rollout_leaves_a_pod_that_serves(name: str) -> None:
    """Of the fewest that there may be, while a rollout or a drained node takes away as many as it may."""
    specs = {each["kind"]: each.get("spec", {}) for each in whole(name)}
    rolling = specs["Deployment"]["strategy"]["rollingUpdate"]
    least = specs["HorizontalPodAutoscaler"]["minReplicas"]
    taken = max(rolling["maxUnavailable"], specs["PodDisruptionBudget"]["maxUnavailable"])
    assert least > taken
    assert rolling["maxSurge"] or rolling["maxUnavailable"]
