"""The README of the benchmarks explains every figure that has a target, and names every benchmark."""

import re
from pathlib import Path

import pytest

from benchmarks import cpu_time, noise, profile, quality, serving, stages, text
from benchmarks.result import Target
from benchmarks.swap import __main__ as swap
from benchmarks.unseen_domains import __main__ as unseen_domains

README = Path(serving.__file__).with_name("README.md").read_text(encoding="utf-8")
TARGETS = {
    **text.TARGETS,
    **serving.TARGETS,
    **cpu_time.TARGETS,
    **{form.format(key): target for form, targets in swap.TARGETS.items() for key, target in targets.items()},
    **profile.TARGETS,
    **noise.TARGETS,
    **unseen_domains.TARGETS,
    **quality.TARGETS,
}


@pytest.mark.parametrize(("key", "target"), TARGETS.items())
def test_a_target_stands_beside_its_figure(key: str, target: Target) -> None:
    rows = re.findall(rf"^\| `{key}` \|.*\| (.*) \|$", README, flags=re.MULTILINE)
    assert set(rows) == {f"{target.operator} {target.bound:g}"}  # a figure may stand in two sections


@pytest.mark.parametrize("key", stages.TARGETS)
def test_what_needs_a_gpu_is_named(key: str) -> None:
    assert f"`{key}`" in README


@pytest.mark.parametrize(
    "name", ["text", "decode", "serving", "swap", "cpu_time", "noise", "profile", "quality"]
)
def test_a_benchmark_has_a_section_and_a_command(name: str) -> None:
    assert f"\n## {name}\n" in README
    assert f"python -m benchmarks.{name} --json runs/benchmarks/{name}.json" in README
