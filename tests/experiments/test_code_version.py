"""The version of the code moves with the files that make results, and with nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path
from shutil import which

import grimp
import pytest

from experiments.code_version import ROOT, TRAINING, code_version
from polyparse.errors import ConfigError

MEASURING = ("train.cli.train", "experiments.measurement")
WITHOUT_EFFECT = {"polyparse/cli/__init__.py", "polyparse/cli/arguments.py", "experiments/__init__.py"}
"""Imported by training, but neither learns nor measures."""


def git(root: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    command = [which("git") or "git", *identity, *arguments]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    for file in ("train/a.py", "docs/b.md"):
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_text("one\n", encoding="utf-8")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


def test_a_commit_of_other_files_leaves_the_version_alone(clone: Path) -> None:
    before = code_version(["train"], root=clone)
    assert (before.commit, before.is_dirty) == (git(clone, "rev-parse", "HEAD"), False)
    (clone / "docs/b.md").write_text("two\n", encoding="utf-8")
    assert code_version(["train"], root=clone) == before
    git(clone, "commit", "-qam", "results")
    assert code_version(["train"], root=clone) == before


def test_a_commit_of_a_file_is_another_version(clone: Path) -> None:
    before = code_version(["train"], root=clone)
    (clone / "train/a.py").write_text("two\n", encoding="utf-8")
    git(clone, "commit", "-qam", "second")
    after = code_version(["train"], root=clone)
    assert after.commit != before.commit
    assert after.files != before.files
    assert not after.is_dirty


def test_what_is_not_committed_is_said_and_each_state_is_another_version(clone: Path) -> None:
    versions = [code_version(["train"], root=clone)]
    for file, text in (("a.py", "two"), ("a.py", "three"), ("new.py", "one"), ("new.py", "two")):
        (clone / "train" / file).write_text(text, encoding="utf-8")
        versions.append(code_version(["train"], root=clone))
    assert [version.is_dirty for version in versions] == [False, True, True, True, True]
    assert len({version.files for version in versions}) == 5


def test_what_is_no_clone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"git log: found .*, expected a clone"):
        code_version(["train"], root=tmp_path)


def test_all_that_training_and_measuring_import_is_in_the_version() -> None:
    graph = grimp.build_graph("train", "polyparse", "experiments", cache_dir=None)
    reached = set(MEASURING).union(*(graph.find_upstream_modules(name) for name in MEASURING))
    files = {path_of(name) for name in reached}
    left_out = {file for file in files if not any(covers(path, file) for path in TRAINING)}
    assert left_out <= WITHOUT_EFFECT


def path_of(module: str) -> str:
    base = Path(*module.split("."))
    return str(base / "__init__.py" if (ROOT / base).is_dir() else base.with_suffix(".py"))


def covers(pathspec: str, file: str) -> bool:
    if pathspec.startswith(":(glob)"):
        return Path(file).match(pathspec.removeprefix(":(glob)")) and file.count("/") == pathspec.count("/")
    return file == pathspec or file.startswith(f"{pathspec}/")
