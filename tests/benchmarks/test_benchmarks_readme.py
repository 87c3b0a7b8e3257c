"""The README of the benchmarks explains every figure that has a target, and names every benchmark."""

import re
from pathlib import Path

import pytest

from benchmarks import (
    baseline,
    cpu_time,
    foreign,
    memory,
    metrics_cost,
    noise,
    profile,
    quality,
    scale,
    serving,
    soak,
    stages,
    text,
    workers,
)
from benchmarks.few import __main__ as few
from benchmarks.fleet import __main__ as fleet
from benchmarks.fuzz import __main__ as fuzz
from benchmarks.gameday import __main__ as gameday
from benchmarks.overload import __main__ as overload
from benchmarks.result import Target
from benchmarks.rollout import __main__ as rollout
from benchmarks.swap import __main__ as swap
from benchmarks.unseen_domains import __main__ as unseen_domains

README = Path(serving.__file__).with_name("README.md").read_text(encoding="utf-8")
TARGETS = {
    **text.TARGETS,
    **serving.TARGETS,
    **memory.TARGETS,
    **fleet.TARGETS,
    **scale.TARGETS,
    **fuzz.TARGETS,
    **gameday.TARGETS,
    **overload.TARGETS,
    **rollout.TARGETS,
    **soak.TARGETS,
    **cpu_time.TARGETS,
    **metrics_cost.TARGETS,
    **workers.TARGETS,
    **workers.RATE_TARGETS,
    **{form.format(key): target for form, targets in swap.TARGETS.items() for key, target in targets.items()},
    **profile.TARGETS,
    **noise.TARGETS,
    **foreign.TARGETS,
    **baseline.TARGETS,
    **few.TARGETS,
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
    "name",
    [
        "text",
        "decode",
        "serving",
        "memory",
        "fleet",
        "fuzz",
        "gameday",
        "overload",
        "rollout",
        "swap",
        "cpu_time",
        "metrics_cost",
        "workers",
        "noise",
        "languages",
        "foreign",
        "baseline",
        "profile",
        "quality",
    ],
)
def test_a_benchmark_has_a_section_and_a_command(name: str) -> None:
    assert f"\n## {name}\n" in README
    assert f"python -m benchmarks.{name} --json runs/benchmarks/{name}.json" in README
