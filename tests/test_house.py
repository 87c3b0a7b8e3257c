"""The house rules that no other tool checks: pins, packages, contracts, circles, names, lengths, make targets."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads(ROOT.joinpath("pyproject.toml").read_text(encoding="utf-8"))
MAKEFILE = ROOT.joinpath("Makefile").read_text(encoding="utf-8")
NOT_PACKAGES = {"tests"}


def pins(name: str) -> dict[str, str]:
    """Distribution -> exact version, from a constraints file."""
    lines = ROOT.joinpath("requirements", name).read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def requirements() -> list[str]:
    """Names of everything that the build, the base install and the extras ask for."""
    project = PROJECT["project"]
    requested = [*PROJECT["build-system"]["requires"], *project["dependencies"]]
    requested += [name for extra in project["optional-dependencies"].values() for name in extra]
    return sorted({re.split(r"[\[=<>~! ]", name)[0] for name in requested})


def packages() -> set[str]:
    """Top-level folders that hold Python of the application."""
    actual = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    return actual - NOT_PACKAGES


def python_of(package: str) -> list[Path]:
    """Every file of Python in a top-level package."""
    return sorted(ROOT.joinpath(package).rglob("*.py"))


@pytest.mark.parametrize("name", requirements())
def test_whatever_is_asked_for_is_pinned(name: str) -> None:
    assert name in pins("constraints.txt")


def test_the_build_uses_the_pinned_setuptools() -> None:
    assert PROJECT["build-system"]["requires"] == [f"setuptools=={pins('constraints.txt')['setuptools']}"]


@pytest.mark.parametrize(
    "file", ["audit.txt", "constraints.txt", "gpu.txt", "integration.txt", "integration-alone.txt"]
)
def test_pins_are_sorted_and_exact(file: str) -> None:
    assert list(pins(file)) == sorted(pins(file))
    assert all(re.fullmatch(r"([0-9]+!)?[0-9][0-9a-z.]*", version) for version in pins(file).values())


@pytest.mark.parametrize("file", ["audit.txt", "gpu.txt", "integration.txt", "integration-alone.txt"])
def test_other_pins_leave_those_of_everything_else_alone(file: str) -> None:
    assert pins(file).keys().isdisjoint(pins("constraints.txt"))


def test_serving_asks_for_nothing_that_trains() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    served = {*PROJECT["project"]["dependencies"], *extras["cpu"], *extras["gpu"]}
    assert served.isdisjoint(extras["train"])


def test_every_package_is_installed() -> None:
    assert packages() <= set(PROJECT["tool"]["setuptools"]["packages"]["find"]["include"])


def test_every_package_is_under_the_import_contracts() -> None:
    assert packages() == set(PROJECT["tool"]["importlinter"]["root_packages"])


def exhaustive_layers() -> dict[str, set[str]]:
    """Container -> the names in its layers, of the contracts that leave no file out."""
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    return {
        container: {name.strip() for layer in contract["layers"] for name in re.split("[:|]", layer)}
        for contract in contracts
        if contract.get("exhaustive")
        for container in contract["containers"]
    }


def rooms() -> dict[str, set[str]]:
    """Package -> the files and packages in it, of every package that has more than one."""
    actual = {}
    for init in (path for package in packages() for path in ROOT.joinpath(package).rglob("__init__.py")):
        files = {path.stem for path in init.parent.glob("*.py")} - {"__init__"}
        inside = files | {path.parent.name for path in init.parent.glob("*/__init__.py")}
        if len(inside) > 1:
            actual[".".join(init.parent.relative_to(ROOT).parts)] = inside
    return actual


@pytest.mark.parametrize("package", sorted(rooms()))
def test_every_file_of_a_package_has_its_layer(package: str) -> None:
    assert exhaustive_layers().get(package) == rooms()[package]


def test_every_contract_is_of_a_package_that_exists() -> None:
    assert exhaustive_layers().keys() == rooms().keys()


def test_no_files_import_each_other_in_a_circle_not_even_for_their_types() -> None:
    graph = grimp.build_graph(*packages(), cache_dir=None)
    imports = {file: graph.find_modules_directly_imported_by(file) for file in graph.modules}
    TopologicalSorter(imports).prepare()  # raises CycleError, which names the files


def test_a_class_name_has_one_meaning_in_what_is_shipped() -> None:
    files: dict[str, list[str]] = defaultdict(list)
    for path in (path for package in packages() - {"benchmarks"} for path in python_of(package)):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                files[node.name].append(str(path.relative_to(ROOT)))
    assert {name: places for name, places in files.items() if len(places) > 1} == {}


def test_no_file_has_more_than_300_lines() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for package in packages()
        for path in python_of(package)
    }
    assert {file: length for file, length in lengths.items() if length > 300} == {}


@pytest.mark.parametrize("target", ["serve", "test", "test-integration", "check", "format", "bench"])
def test_a_make_target_exists_and_says_what_it_does(target: str) -> None:
    assert re.search(rf"^{target}: .*## \w", MAKEFILE, flags=re.MULTILINE)


def test_make_check_runs_every_checker() -> None:
    check = MAKEFILE.split("\ncheck:")[1].split("\n\n")[0]
    assert all(tool in check for tool in ("ruff format --check", "ruff check", "mypy", "lint-imports"))


def test_the_ci_checks_then_tests() -> None:
    script = ROOT.joinpath(".ci", "run")
    lines = script.read_text(encoding="utf-8").splitlines()
    assert script.stat().st_mode & 0o111
    assert lines[0] == "#!/usr/bin/env bash"
    assert [line for line in lines if line.startswith(("set ", "make "))] == [
        "set -euo pipefail",
        "make check",
        "make test",
        "make test-integration",
    ]
    assert "export REQUIRE_TOOLS=1" in lines


def test_the_licence_is_the_one_that_the_project_declares() -> None:
    text = ROOT.joinpath("LICENSE").read_text(encoding="utf-8")
    assert PROJECT["project"]["license"] == "Apache-2.0"
    assert "Apache License\n                           Version 2.0, January 2004" in text
