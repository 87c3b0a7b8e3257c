"""`polyparse models` on a URL does what it does on a folder, and what only a repository needs: push, gc."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from polyparse.bundle.store import digest
from polyparse.cli.main import main
from tests.bundles import edit_manifest, in_schema_1, write_bundle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Capture = pytest.CaptureFixture[str]
    Run = Callable[..., int]


@pytest.fixture
def built(tmp_path: Path) -> Path:
    for version in "12":
        write_bundle(tmp_path / "built" / "words" / version)
    return tmp_path / "built" / "words"


@pytest.fixture
def run(tmp_path: Path, built: Path, capsys: Capture) -> Run:
    """Runs an action on a repository that has both versions."""
    place = ("--models", f"file://{tmp_path}/objects", "--cache", str(tmp_path / "cache"))
    for version in "12":
        assert main(["models", "push", "words", version, "--from", str(built / version), *place]) == 0
    pushed = capsys.readouterr().out.splitlines()
    assert pushed[0] == f"words 1: pushed, sha256 {digest(built / '1')}"
    return lambda *argv: main(["models", *argv, *place])


def test_a_day_of_a_release(run: Run, tmp_path: Path, capsys: Capture) -> None:
    for argv in (
        ("promote", "words", "1"),
        ("canary", "words", "2", "--percent", "5"),
        ("promote", "words", "2"),
    ):
        assert run(*argv, "--by", "ann") == 0
    assert run("rollback", "words", "--if-generation", "3") == 0
    assert run("rollback", "words", "--if-generation", "3") == 2
    capsys.readouterr()
    assert run("list", "--json") == 0
    (model,) = json.loads(capsys.readouterr().out)
    assert model["generation"] == 4
    assert [(each["version"], each["serves"]) for each in model["versions"]] == [("1", True), ("2", False)]
    assert run("history", "words", "--json") == 0
    assert [each["action"] for each in json.loads(capsys.readouterr().out)] == [
        "rollback",
        "promote",
        "canary",
        "promote",
    ]
    assert run("verify") == 0
    assert capsys.readouterr().out.count("sound, sha256") == 2
    place = ["--models", f"file://{tmp_path}/objects", "--cache", str(tmp_path / "cache")]
    assert main(["parse", "wake me", *place]) == 0


def test_what_is_damaged_in_the_repository_is_refused(run: Run, tmp_path: Path, capsys: Capture) -> None:
    tmp_path.joinpath("objects", "words", "2", "score.onnx").write_bytes(b"half")
    assert run("verify") == 2
    assert "words 2: refused (checksum_mismatch): file://" in capsys.readouterr().out
    assert run("promote", "words", "2") == 2
    assert "words/2/score.onnx: found 4 bytes" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["..", "../objects/words", "nobody"])
def test_no_name_leads_out_of_the_repository(run: Run, name: str, capsys: Capture) -> None:
    for argv in (("promote", name, "1"), ("rollback", name), ("history", name)):
        assert run(*argv) == 2
        capsys.readouterr()


def test_gc_removes_what_no_state_names_and_says_how_many_bytes(
    run: Run, built: Path, capsys: Capture
) -> None:
    for version in "12":
        run("verify", "words", version)
    capsys.readouterr()
    assert run("gc", "--dry-run") == 0
    assert capsys.readouterr().out == "would remove 0 bytes in all\n"  # this process holds them
    del built


def test_an_old_bundle_is_upgraded_into_the_repository(run: Run, tmp_path: Path, capsys: Capture) -> None:
    old = shutil.copytree(tmp_path / "built" / "words" / "1", tmp_path / "old" / "words" / "3")
    edit_manifest(old, version="3")
    manifest = in_schema_1(json.loads(old.joinpath("manifest.json").read_bytes()))
    old.joinpath("manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert run("push", "words", "3", "--from", str(old)) == 0
    assert run("upgrade", "words", "3", "4") == 0
    assert "/words/4: schema 2, sha256 " in capsys.readouterr().out
    assert run("verify", "words", "4") == 0
    assert run("upgrade", "words", "3", "4") == 2
    assert "words: found 4, expected no such version" in capsys.readouterr().err


def test_a_blank_place_is_refused(capsys: Capture) -> None:
    assert main(["models", "list", "--models", " "]) == 2
    assert "expected a path or a URL" in capsys.readouterr().err
