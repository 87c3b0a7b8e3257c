"""Documents say what is: commands, make targets, recipes, files and answers named in them exist."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from polyparse.bundle.manifest import FILE
from polyparse.bundle.store import digest, locate
from polyparse.cli.main import COMMANDS
from polyparse.contract.frame import Utterance
from polyparse.runtime.load import load
from service.api.schemas import ParseResponse
from train.recipes import RECIPES

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("docs/**/*.md")]
)
README = ROOT.joinpath("README.md").read_text(encoding="utf-8")


def text(document: str) -> str:
    return ROOT.joinpath(document).read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_named_exists(document: str) -> None:
    actual = set(re.findall(r"(?:`|\$ |/bin/)polyparse ([a-z]+)", text(document), re.MULTILINE))
    assert actual <= set(COMMANDS)


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


def answers_shown() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The requests to /parse in the README, and the answers under them."""
    pattern = r"^\$ curl -s localhost:8080/parse -d '(.*)'\n(\{\n(?:.*\n)*?\})$"
    shown = re.findall(pattern, README, re.MULTILINE)
    return [(json.loads(request), json.loads(answer)) for request, answer in shown]


FRAMES_SHOWN = [(request, answer) for request, answer in answers_shown() if "intent" in answer]


def test_the_readme_shows_frames_in_every_language_of_the_model() -> None:
    assert len(FRAMES_SHOWN) >= 4


@pytest.mark.parametrize(("request_", "answer"), FRAMES_SHOWN, ids=lambda shown: shown["text"][:20])
def test_an_answer_shown_is_the_one_that_the_bundle_that_serves_gives(
    request_: dict[str, Any], answer: dict[str, Any]
) -> None:
    located = locate(ROOT / "models")
    bundle = load(located.bundle, digest=located.digest, device="cpu")
    (frame,) = bundle.parser.parse([Utterance(request_["text"], request_.get("locale"))])
    identity = {"name": bundle.manifest.name, "version": bundle.manifest.version, "digest": bundle.digest}
    given = {"request_id": answer["request_id"], "model": identity, **json.loads(json.dumps(asdict(frame)))}
    assert nearly(ParseResponse.model_validate(answer).model_dump(mode="json"), given)


def nearly(shown: Any, given: Any) -> bool:
    """Whether two answers are the same but for what rounding, here and in another processor, takes from a number."""
    if isinstance(shown, float) and isinstance(given, float):
        return abs(shown - given) < 0.01
    if isinstance(shown, dict):
        return shown.keys() == given.keys() and all(nearly(shown[key], given[key]) for key in shown)
    if isinstance(shown, list):
        return len(shown) == len(given) and all(map(nearly, shown, given))
    return bool(shown == given)


def test_digests_shown_are_those_of_the_bundle_that_serves() -> None:
    digests = set(re.findall(r'"digest": "([0-9a-f]{64})"', README))
    assert digests == {locate(ROOT / "models").digest}


def test_digests_that_commands_print_are_those_of_bundles_that_are_shipped() -> None:
    digests = {digest(manifest.parent) for manifest in ROOT.glob(f"models/*/*/{FILE}")}
    shown = set(re.findall(r"sha256 ([0-9a-f]{64})$", README, re.MULTILINE))
    assert shown
    assert shown <= digests
    shortened = set(re.findall(r"^\d+ .*  ([0-9a-f]{12})$", README, re.MULTILINE))
    assert shortened
    assert shortened <= {each[:12] for each in digests}


def test_the_measures_shown_are_those_of_the_bundles() -> None:
    for manifest in sorted(ROOT.glob(f"models/*/*/{FILE}")):
        mean = json.loads(manifest.read_text(encoding="utf-8"))["measures"]["mean"]
        keys = ("domain_accuracy", "intent_accuracy", "slot_f1", "exact_match")
        row = " | ".join(f"{mean[key]:.3f}" for key in keys)
        assert re.search(
            rf"\| {manifest.parents[1].name} {re.escape(manifest.parent.name)}[^|]*\| {row} \|", README
        )
