"""Documents say what is: commands, make targets, recipes, files and answers named in them exist."""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from polyparse.bundle.manifest import FILE
from polyparse.bundle.store import digest, locate
from polyparse.cli.main import COMMANDS
from polyparse.cli.models import arguments as models_arguments
from polyparse.contract.frame import Utterance
from polyparse.runtime.load import load
from service.api.schemas import ParseResponse
from service.errors import ADMINISTRATION, PROBLEMS
from service.settings import parser as settings_parser
from train.recipes import RECIPES

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("docs/**/*.md")]
)
OF_OPERATION = ["docs/operating.md", "docs/releasing.md"]
README = ROOT.joinpath("README.md").read_text(encoding="utf-8")


def text(document: str) -> str:
    return ROOT.joinpath(document).read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_named_exists(document: str) -> None:
    actual = set(re.findall(r"(?:`|\$ |/bin/)polyparse ([a-z]+)", text(document), re.MULTILINE))
    assert actual <= set(COMMANDS)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_named_exists(document: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", text(document), re.MULTILINE)) <= targets


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


def shipped() -> dict[str, str]:
    """The digest of each version that is shipped."""
    return {manifest.parent.name: digest(manifest.parent) for manifest in ROOT.glob(f"models/*/*/{FILE}")}


def shown_of(pattern: str, document: str) -> list[tuple[str, str]]:
    """What a document shows of shipped versions: version and digest. What is made for a page is not there to compare."""
    return [pair for pair in re.findall(pattern, text(document), re.MULTILINE) if pair[0] in shipped()]


def test_digests_in_answers_are_those_of_the_bundle_that_serves() -> None:
    digests = set(re.findall(r'"model": \{[^}]*"digest": "([0-9a-f]{64})"', README))
    assert digests == {locate(ROOT / "models").digest}


@pytest.mark.parametrize("document", ["README.md", "docs/releasing.md"])
def test_digests_that_commands_print_are_those_of_bundles_that_are_shipped(document: str) -> None:
    printed = shown_of(r"^massive:? ([^ :]+).* sha256 ([0-9a-f]{64})$", document)
    assert printed
    assert printed == [(version, shipped()[version]) for version, _ in printed]


def test_states_and_histories_shown_name_shipped_bundles_by_their_digests() -> None:
    states = shown_of(r'\{"version": "([^"]+)", "digest": "([0-9a-f]{64})"', "README.md")
    histories = shown_of(r"^\d+ +\S+ +(\S+) .*  ([0-9a-f]{12})  ", "README.md")
    assert states
    assert histories
    assert all(shipped()[version].startswith(start) for version, start in [*states, *histories])


def test_the_table_of_error_codes_is_that_of_the_service() -> None:
    shown = re.findall(r"^\| `(\w+)` \| (\d+) \| (.*) \|$", text("docs/errors.md"), re.MULTILINE)
    by_status = sorted(PROBLEMS.items(), key=lambda entry: (entry[1].status, entry[0]))
    assert shown == [
        (code, str(problem.status), problem.title + (" (administrators)" if code in ADMINISTRATION else ""))
        for code, problem in by_status
    ]


@pytest.mark.parametrize("document", OF_OPERATION)
def test_every_flag_named_for_operation_exists(document: str) -> None:
    flags = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text(document)))
    assert flags <= {*options_of(settings_parser()), *options_of(models_arguments())}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_action_on_models_named_exists(document: str) -> None:
    named = re.findall(r"polyparse models ([a-z]+(?:\|[a-z]+)*)", text(document))
    assert {action for each in named for action in each.split("|")} <= set(actions_of(models_arguments()))


@pytest.mark.parametrize("document", OF_OPERATION)
def test_every_metric_named_for_operation_is_in_the_readme_s_table(document: str) -> None:
    table = set(re.findall(r"`(polyparse_[a-z_]+)`", README))
    named = set(re.findall(r"\bpolyparse_[a-z_]+\b", text(document))) - table
    assert {
        re.sub(r"_(bucket|sum|count)$", "", name) for name in named
    } <= table  # as a histogram's series are named


def actions_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The subcommands of a parser."""
    found = [each.choices for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
    return dict(found[0]) if found else {}


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    """The flags of a parser and of its subcommands."""
    own = {flag for each in parser._actions for flag in each.option_strings}
    return own.union(*(options_of(each) for each in actions_of(parser).values()))


def test_the_measures_shown_are_those_of_the_bundles() -> None:
    for manifest in sorted(ROOT.glob(f"models/*/*/{FILE}")):
        mean = json.loads(manifest.read_text(encoding="utf-8"))["measures"]["mean"]
        keys = ("domain_accuracy", "intent_accuracy", "slot_f1", "exact_match")
        row = " | ".join(f"{mean[key]:.3f}" for key in keys)
        assert re.search(
            rf"\| {manifest.parents[1].name} {re.escape(manifest.parent.name)}[^|]*\| {row} \|", README
        )
