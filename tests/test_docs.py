"""Documents say what is: commands, make targets, recipes, files and answers named in them exist."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from polyparse.bundle.manifest import FILE
from polyparse.bundle.store import locate
from polyparse.cli.main import COMMANDS
from service.api.schemas import ParseResponse
from train.recipes import RECIPES

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *ROOT.glob("*/README.md")]
)
README = ROOT.joinpath("README.md").read_text(encoding="utf-8")


def text(document: str) -> str:
    return ROOT.joinpath(document).read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_named_exists(document: str) -> None:
    found = set(re.findall(r"(?:`|\$ |/bin/)polyparse ([a-z]+)", text(document), re.MULTILINE))
    assert found <= set(COMMANDS)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_named_exists(document: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z]+)", text(document), re.MULTILINE)) <= targets


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_linked_exists(document: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", text(document))
    assert [link for link in links if not (ROOT / document).parent.joinpath(link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_benchmark_named_exists(document: str) -> None:
    names = set(re.findall(r"python -m benchmarks\.([a-z_]+)", text(document)))
    files = ({f"{name}.py", f"{name}/__main__.py"} for name in names)
    assert all(any(ROOT.joinpath("benchmarks", file).exists() for file in either) for either in files)


def test_every_recipe_named_exists() -> None:
    assert set(re.findall(r"polyparse train ([a-z][a-z0-9-]+)", README)) <= set(RECIPES)


def test_the_answers_shown_have_the_fields_that_answers_have() -> None:
    answers = re.findall(r"^\{\n(?:.*\n)*?\}$", README, re.MULTILINE)
    frames = [json.loads(answer) for answer in answers if '"request_id"' in answer and '"intent"' in answer]
    assert len(frames) >= 4
    for frame in frames:
        answer = ParseResponse.model_validate(frame)
        assert all(answer.text[slot.start : slot.end] == slot.value for slot in answer.slots)


def test_the_answers_shown_come_from_the_bundle_that_serves() -> None:
    located = locate(ROOT / "models")
    digests = set(re.findall(r'"digest": "([0-9a-f]{64})"', README))
    assert digests == {located.digest}


def test_the_measures_shown_are_those_of_the_bundles() -> None:
    for manifest in sorted(ROOT.glob(f"models/*/*/{FILE}")):
        mean = json.loads(manifest.read_text(encoding="utf-8"))["measures"]["mean"]
        keys = ("domain_accuracy", "intent_accuracy", "slot_f1", "exact_match")
        row = " | ".join(f"{mean[key]:.3f}" for key in keys)
        assert re.search(
            rf"\| {manifest.parents[1].name} {re.escape(manifest.parent.name)}[^|]*\| {row} \|", README
        )
