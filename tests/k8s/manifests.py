"""The manifests as data: every object of every file, and what is asked of each of its parts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "k8s"
Object = dict[str, Any]
VERSIONS = 5
"""The stable version, the one before, a canary, a shadow, and the process that rehearses another."""


def files() -> list[Path]:
    """Every manifest, those of Kustomize itself and values of charts left out."""
    others = {"kustomization.yaml", "adapter-values.yaml"}
    return sorted(path for path in FOLDER.rglob("*.yaml") if path.name not in others)


def read(file: Path) -> list[Object]:
    """The objects of a file."""
    return [each for each in yaml.safe_load_all(file.read_text(encoding="utf-8")) if each]


def whole_objects() -> Iterator[Object]:
    """Every object that is no patch of another one: a component's and an overlay's deployment.yaml is one."""
    for file in files():
        if file.name != "deployment.yaml" or file.parent.name == "base":
            yield from read(file)


def only(kind: str) -> Object:
    """The one object of a kind."""
    (found,) = (each for each in whole_objects() if each["kind"] == kind)
    return found


def pod_spec(thing: Object) -> Object | None:
    """The specification of the pods that an object makes."""
    if thing["kind"] == "InferenceService":
        return dict(thing["spec"]["predictor"])
    return dict(thing["spec"]["template"]["spec"]) if "template" in thing.get("spec", {}) else None


def pods() -> dict[str, Object]:
    """Name of an object -> the specification of its pods."""
    specs = {f"{each['kind']} {each['metadata']['name']}": pod_spec(each) for each in whole_objects()}
    return {name: spec for name, spec in specs.items() if spec is not None}


def containers(spec: Object) -> list[Object]:
    """All containers of a pod."""
    return [*spec.get("initContainers", []), *spec["containers"]]


def servers() -> dict[str, tuple[Object, Object]]:
    """Name of an object -> the pod and the container in it that serves."""
    return {
        name: (spec, container)
        for name, spec in pods().items()
        for container in containers(spec)
        if container.get("args", [""])[0] == "serve"
    }


def texts(value: Any) -> Iterator[str]:
    """Every text in a document."""
    if isinstance(value, str):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(each)


def quantity(text: str | int) -> float:
    """A quantity of Kubernetes as a number: 600m, 1Gi, 2."""
    for unit, factor in {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "m": 1e-3}.items():
        if str(text).endswith(unit):
            return float(str(text).removesuffix(unit)) * factor
    return float(text)
