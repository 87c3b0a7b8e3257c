"""What SECURITY.md says is shown by the tests that it names, and data is never read as code."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROOT = TESTS.parent
SHIPPED = ("polyparse", "service", "train", "model_export", "loadtest", "monitoring")
EXECUTE = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
"""Modules whose readers run what they read."""
CALLS = {"eval", "exec", "compile", "__import__"}
READERS = {
    "numpy.load": "allow_pickle=False",
    "read_array": "allow_pickle=False",
    "torch.load": "weights_only=True",
}
ROWS = re.findall(
    r"^\| (.+?) \| (.+?) \| (`.+`) \|$", ROOT.joinpath("SECURITY.md").read_text("utf-8"), re.MULTILINE
)
NAMED = [name for *_, tests in ROWS for name in re.findall(r"`([^`]+)`", tests)]


@cache
def trees() -> list[tuple[Path, ast.Module]]:
    """Every file of what is shipped."""
    files = [file for package in SHIPPED for file in sorted(ROOT.joinpath(package).rglob("*.py"))]
    return [(file, ast.parse(file.read_text(encoding="utf-8"))) for file in files]


def modules_of(node: ast.AST) -> set[str]:
    """What an import brings, by its first name."""
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    return {(node.module or "").partition(".")[0]} if isinstance(node, ast.ImportFrom) else set()


def test_there_is_a_table_of_threats() -> None:
    assert len(ROWS) >= 16


@pytest.mark.parametrize("name", sorted(set(NAMED)))
def test_a_threat_s_test_exists(name: str) -> None:
    file, _, test = name.partition("::")
    tree = ast.parse(TESTS.joinpath(file).read_text(encoding="utf-8"))
    defined = {
        node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    assert test in defined


def test_nothing_that_is_shipped_unpickles_or_executes_text() -> None:
    for file, tree in trees():
        nodes = list(ast.walk(tree))
        assert not {name for node in nodes for name in modules_of(node)} & EXECUTE, file
        called = {
            node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not called & CALLS, file


def test_arrays_and_checkpoints_are_read_as_data() -> None:
    seen = set()
    for file, tree in trees():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            name = ast.unparse(call.func).replace("np.", "numpy.")
            for reader, wanted in READERS.items():
                if name == reader or name.endswith(f".{reader}"):
                    assert wanted in {ast.unparse(each) for each in call.keywords}, f"{file}:{call.lineno}"
                    seen.add(reader)
    assert seen == READERS.keys()
