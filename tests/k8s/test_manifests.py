"""What manifests name exists in the service, their numbers agree, and every pod keeps to the restricted profile."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml

from service.metrics.metrics import Metrics
from service.settings import Settings, read, table
from tests.k8s import manifests
from tests.k8s.manifests import FOLDER, ROOT, Object, containers, only, pods, quantity, servers

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVERS = sorted(servers())
PODS = sorted(pods())
LAST_ANSWERS_S = 3
"""What the service's own end may take after the drain."""
METRIC = re.compile(r"\b(?:polyparse|process)_[a-z_]+\b")
SERVED = {"polyparse_utilisation", "polyparse_batch_utilisation"}
"""Names that prometheus-adapter gives to queries."""


def settings_of(container: Object, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings that a container starts with."""
    own = {each["name"]: each["value"] for each in container.get("env", [])}
    return read(container["args"][1:], {**own, **(environ or {})})


def exported() -> set[str]:
    """Every name under which the service's metrics can be asked for."""
    rendered = Metrics().render().decode()
    types = dict(re.findall(r"^# TYPE (\w+) (\w+)$", rendered, re.MULTILINE))
    parts = {"histogram": ("_bucket", "_sum", "_count")}
    return {name + part for name, kind in types.items() for part in parts.get(kind, ("",))}


def test_there_are_servers_and_jobs() -> None:
    assert SERVERS == ["Deployment polyparse", "InferenceService polyparse"]
    assert {"Job polyparse-train", "Job polyparse-annotate"} <= set(PODS)


@pytest.mark.parametrize("name", SERVERS)
def test_flags_are_those_of_the_service(name: str) -> None:
    _, container = servers()[name]
    assert settings_of(container).host == "0.0.0.0"  # noqa: S104


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_an_overlay_names_its_device_and_its_image(device: str) -> None:
    overlay = yaml.safe_load(
        FOLDER.joinpath("overlays", device, "kustomization.yaml").read_text(encoding="utf-8")
    )
    (flag,) = (text for text in manifests.texts(overlay) if "--device=" in text)
    (value,) = re.findall(r"value: (--device=\w+)", flag)
    assert read([value], {}).device == {"cpu": "cpu", "gpu": "cuda"}[device]
    assert [image["newTag"].rpartition("-")[2] for image in overlay["images"]] == [device]


def test_variables_are_settings_or_those_of_libraries() -> None:
    known = {row.variable for row in table()}
    for thing in manifests.whole_objects():
        if thing["kind"] == "ConfigMap":
            named = {name for name in thing["data"] if name.startswith("POLYPARSE_")}
            assert named <= known
            assert read([], {name: thing["data"][name] for name in named})


@pytest.mark.parametrize("name", SERVERS)
def test_probes_and_ports_are_those_of_the_service(name: str) -> None:
    _, container = servers()[name]
    settings = settings_of(container)
    assert [port["containerPort"] for port in container["ports"]] == [settings.port]
    paths = {probe: container[f"{probe}Probe"]["httpGet"] for probe in ("startup", "liveness", "readiness")}
    named = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert {named.get(each["port"], each["port"]) for each in paths.values()} == {settings.port}
    assert paths["liveness"]["path"] == "/health/live"
    assert paths["startup"]["path"] == "/health/ready"
    assert paths["readiness"]["path"] in {"/health/ready", "/v2/health/ready"}


def test_what_is_scraped_is_a_port_of_the_service_s_own() -> None:
    service, monitor = only("Service"), only("ServiceMonitor")
    (port,) = service["spec"]["ports"]
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["port"] == port["name"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()


def test_the_admin_port_is_reached_from_inside_the_pod_alone() -> None:
    for _, container in servers().values():
        settings = settings_of(container)
        ports = [port["containerPort"] for port in container["ports"]]
        assert settings.admin_port not in ports
        assert settings.admin_host == "127.0.0.1"
    assert [port["targetPort"] for port in only("Service")["spec"]["ports"]] == ["http"]


def test_selectors_find_the_pods() -> None:
    labels = only("Deployment")["spec"]["template"]["metadata"]["labels"].items()
    assert only("Deployment")["spec"]["selector"]["matchLabels"].items() <= labels
    assert only("Service")["spec"]["selector"].items() <= labels
    assert only("PodDisruptionBudget")["spec"]["selector"]["matchLabels"].items() <= labels
    for policy in (each for each in manifests.whole_objects() if each["kind"] == "NetworkPolicy"):
        assert policy["spec"]["podSelector"]["matchLabels"].items() <= labels


@pytest.mark.parametrize("name", SERVERS)
def test_the_grace_outlasts_pre_stop_lame_duck_and_drain(name: str) -> None:
    spec, container = servers()[name]
    settings = settings_of(container)
    pre_stop_s = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    end_s = pre_stop_s + settings.lame_duck_s + settings.drain_timeout_s + LAST_ANSWERS_S
    assert spec["terminationGracePeriodSeconds"] > end_s


@pytest.mark.parametrize("name", SERVERS)
def test_an_end_is_noticed_within_the_lame_duck(name: str) -> None:
    _, container = servers()[name]
    probe = container["readinessProbe"]
    noticed_s = probe["periodSeconds"] * probe["failureThreshold"]
    assert (
        noticed_s
        <= container["lifecycle"]["preStop"]["sleep"]["seconds"] + settings_of(container).lame_duck_s
    )


@pytest.mark.parametrize("name", SERVERS)
def test_probes_wait_longer_than_what_they_ask_for(name: str) -> None:
    _, container = servers()[name]
    settings, startup = settings_of(container), container["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] > settings.load_timeout_s
    assert container["readinessProbe"]["timeoutSeconds"] > settings.probe_timeout_s
    assert container["livenessProbe"]["timeoutSeconds"] > settings.probe_timeout_s


@pytest.mark.parametrize("name", SERVERS)
def test_the_limit_of_memory_holds_every_version_at_once(name: str) -> None:
    _, container = servers()[name]
    readme = ROOT.joinpath("README.md").read_text(encoding="utf-8")
    (resident_mb,) = re.findall(r"ready in [\d.]+ s, (\d+) MB resident", readme)
    assert quantity(container["resources"]["limits"]["memory"]) > manifests.VERSIONS * int(resident_mb) * 1e6


@pytest.mark.parametrize("name", PODS)
def test_pods_keep_to_the_restricted_profile(name: str) -> None:
    spec = pods()[name]
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 10001
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
    assert not any("hostPath" in volume for volume in spec["volumes"])
    for container in containers(spec):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["requests"] == container["resources"]["limits"]


@pytest.mark.parametrize("name", PODS)
def test_what_is_mounted_is_there(name: str) -> None:
    spec = pods()[name]
    volumes = {volume["name"] for volume in spec["volumes"]}
    mounted = {mount["name"] for container in containers(spec) for mount in container.get("volumeMounts", [])}
    assert mounted == volumes


def test_every_metric_named_is_exported() -> None:
    known = exported() | SERVED
    for file in [*FOLDER.rglob("*.yaml")]:
        named = {
            name for text in manifests.texts(list(manifests.read(file))) for name in METRIC.findall(text)
        }
        assert named <= known, file


def test_variables_of_the_service_object_itself_are_no_settings() -> None:
    service = only("Service")
    (port,) = service["spec"]["ports"]
    prefix = service["metadata"]["name"].upper().replace("-", "_")
    link = f"{prefix}_PORT_{port['port']}_TCP"
    injected = {
        f"{prefix}_SERVICE_HOST": "10.0.0.1",
        f"{prefix}_SERVICE_PORT": str(port["port"]),
        f"{prefix}_SERVICE_PORT_{port['name'].upper()}": str(port["port"]),
        f"{prefix}_PORT": f"tcp://10.0.0.1:{port['port']}",
        link: f"tcp://10.0.0.1:{port['port']}",
        f"{link}_PROTO": "tcp",
        f"{link}_PORT": str(port["port"]),
        f"{link}_ADDR": "10.0.0.1",
    }
    for _, container in servers().values():
        assert settings_of(container, injected) == settings_of(container)
