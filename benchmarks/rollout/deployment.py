"""What a Deployment says of how its pods start, are probed and end, read from the manifests as Kustomize renders them."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple, Self

import yaml

from benchmarks.errors import MeasurementFailed

KUBECTL = "kubectl"
RENDER_S = 60.0
SERVE = "serve"
DEFAULTS: Mapping[str, int] = {
    "periodSeconds": 10,
    "timeoutSeconds": 1,
    "failureThreshold": 3,
    "successThreshold": 1,
}
"""Kubernetes' own, of a probe that does not say."""
NO_LAME_DUCK = "--lame-duck-s=0"


class Probe(NamedTuple):
    """How often a path is asked, how long an answer may take, and how many must differ before it counts."""

    path: str
    period_s: float
    timeout_s: float
    failures: int
    successes: int

    @classmethod
    def of(cls, probe: Mapping[str, Any]) -> Self:
        """A probe of a container that asks over HTTP."""
        period_s, timeout_s, failures, successes = (
            probe.get(name, default) for name, default in DEFAULTS.items()
        )
        return cls(probe["httpGet"]["path"], period_s, timeout_s, failures, successes)


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """One container that serves; `flags` are those of `polyparse serve`, `most_surge` a number or a percentage of pods."""

    flags: tuple[str, ...]
    startup: Probe
    readiness: Probe
    pre_stop_s: float
    grace_s: float
    min_ready_s: float
    most_surge: int | str

    @classmethod
    def of(cls, objects: Sequence[Mapping[str, Any]]) -> Self:
        """The one Deployment of some objects.

        Raises:
            MeasurementFailed: there is none, or its rollout is not one that starts a pod before it ends another.
        """
        found = [each for each in objects if each["kind"] == "Deployment"]
        if len(found) != 1:
            raise MeasurementFailed(f"found {len(found)} Deployments, expected one")
        (spec,) = (each["spec"] for each in found)
        try:
            return cls._of(spec)
        except (KeyError, ValueError, TypeError) as error:
            name = found[0].get("metadata", {}).get("name")
            raise MeasurementFailed(
                f"Deployment {name}: found {error!r}, expected one container that serves, with probes over HTTP, a preStop "
                "that sleeps, and a rolling update that names its surge"
            ) from error

    @classmethod
    def _of(cls, spec: Mapping[str, Any]) -> Self:
        pod, rolling = spec["template"]["spec"], spec["strategy"]["rollingUpdate"]
        (container,) = pod["containers"]
        command, *flags = container["args"]
        if command != SERVE or rolling["maxUnavailable"] not in (0, "0%"):
            raise ValueError(f"args {command}, maxUnavailable {rolling['maxUnavailable']}")
        return cls(
            flags=tuple(flags),
            startup=Probe.of(container["startupProbe"]),
            readiness=Probe.of(container["readinessProbe"]),
            pre_stop_s=container["lifecycle"]["preStop"]["sleep"]["seconds"],
            grace_s=pod["terminationGracePeriodSeconds"],
            min_ready_s=spec.get("minReadySeconds", 0),
            most_surge=rolling["maxSurge"],
        )

    def surge(self, replicas: int) -> int:
        """How many pods more than `replicas` there may be at once; a percentage is rounded up."""
        if isinstance(self.most_surge, int):
            return self.most_surge
        return ceil(replicas * int(self.most_surge.removesuffix("%")) / 100)

    def without_grace(self) -> Self:
        """The same with neither preStop nor lame duck: what must be able to lose requests."""
        return replace(self, pre_stop_s=0, flags=(*self.flags, NO_LAME_DUCK))


def rendered(folder: Path) -> list[dict[str, Any]]:
    """The objects that Kustomize makes of a folder.

    Raises:
        MeasurementFailed: there is no kubectl here, or it refuses the folder.
    """
    if (kubectl := shutil.which(KUBECTL)) is None:
        raise MeasurementFailed(f"found no {KUBECTL} on PATH, expected it, to render {folder}")
    done = subprocess.run(  # noqa: S603  its own path, and a folder
        [kubectl, "kustomize", str(folder)], capture_output=True, text=True, timeout=RENDER_S, check=False
    )
    if done.returncode:
        raise MeasurementFailed(f"{folder}: found no manifests: {done.stderr.strip()}")
    return [dict(each) for each in yaml.safe_load_all(done.stdout) if each]
