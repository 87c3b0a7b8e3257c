"""Which code made a result: its last commit, a digest of its files, and whether they were changed since.

The commit is the last one that touched the files, so that commits of results, documents or other parts leave it alone.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[1]
TRAINING = (
    "train",
    ":(glob)polyparse/*.py",
    "polyparse/bundle",
    "polyparse/contract",
    "polyparse/corpora",
    "polyparse/evaluation",
    "polyparse/inference",
    "polyparse/text",
    "experiments/measurement.py",
    "experiments/outcomes.py",
    "experiments/ratios.py",
)
"""What training and measuring read, as pathspecs of git; a test compares with what they import."""


@dataclass(frozen=True)
class CodeVersion:
    """`files` is the sha256 of the files' names and blobs, and of all that differs from the commit where `is_dirty`."""

    commit: str
    files: str
    is_dirty: bool


def code_version(paths: Sequence[str] = TRAINING, *, root: Path = ROOT) -> CodeVersion:
    """The version of the files below `root` that match the pathspecs.

    Raises:
        ConfigError: there is no git, or `root` is no clone: a result could not say what made it.
    """
    commit = _git(root, "log", "-1", "--format=%H", "--", *paths).decode().strip()
    changes = _git(root, "status", "--porcelain=v1", "--untracked-files=all", "-z", "--", *paths)
    digest = sha256(_git(root, "ls-files", "--stage", "--", *paths))
    if changes:
        digest.update(_git(root, "diff", "HEAD", "--binary", "--", *paths))
        untracked = _git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", *paths)
        for name in filter(None, untracked.decode().split("\0")):
            digest.update(name.encode() + b"\0" + (root / name).read_bytes())
    return CodeVersion(commit, digest.hexdigest(), bool(changes))


def _git(root: Path, *arguments: str) -> bytes:
    git = which("git")
    if git is None:
        raise ConfigError(
            "git: found no such program, expected it: a result line carries the commit of its code"
        )
    command = [git, "-C", str(root), *arguments]
    result = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  the command is ours
    if result.returncode:
        words = result.stderr.decode(errors="replace").strip().splitlines() or ["no word of why"]
        raise ConfigError(
            f"{root}: git {arguments[0]}: found {words[0]!r}, expected a clone of the repository"
        )
    return result.stdout
