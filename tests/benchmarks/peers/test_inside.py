"""What runs inside a peer's environment asks for no more than is there."""

import ast
import sys
from pathlib import Path

import pytest

from benchmarks.peers import inside
from benchmarks.peers.peer import PEERS

FOLDER = Path(inside.__file__).parent
ALLOWED = {"benchmarks.resident", "benchmarks.peers.inside"}
"""Of the project: what itself imports the standard library alone."""
FILES = sorted({*FOLDER.glob("*.py")} - {FOLDER / "bundle.py"})


def imports(file: Path) -> set[str]:
    """Modules that a file imports; it must be Python 3.10."""
    tree = ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 10))
    actual = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return actual | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_imports_nothing_of_the_project_that_needs_more(file: Path) -> None:
    ours = {name for name in imports(file) if name.split(".")[0] in {"benchmarks", "polyparse", "train"}}
    assert all(any(name.startswith(allowed) for allowed in ALLOWED) for name in ours)


@pytest.mark.parametrize("name", ["exchange", "tokens", "peer_process"])
def test_what_all_peer_processes_share_needs_the_standard_library_alone(name: str) -> None:
    actual = {module.split(".")[0] for module in imports(FOLDER / f"{name}.py")}
    assert actual - {"benchmarks"} <= sys.stdlib_module_names
    assert imports(FOLDER.parents[1] / "resident.py") == {"pathlib"}


def test_every_peer_has_its_module() -> None:
    assert {peer.module.rpartition(".")[2] for peer in PEERS.values()} < {file.stem for file in FILES}
