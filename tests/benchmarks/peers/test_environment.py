"""A peer is installed once at its pinned versions, and where it cannot be, it is left out with a reason."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.peers.environment import Unavailable, find_python, ready
from benchmarks.peers.peer import PEERS

OLD = replace(PEERS["rasa"], python=(3, 1))
"""A peer for a Python that nobody has."""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder on PATH beside the shell's own; pyenv has nothing."""
    folder = tmp_path / "on-path"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/bin")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    return folder


def script(file: Path, *lines: str) -> Path:
    """A file that the shell runs."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(["#!/bin/sh", *lines]) + "\n", encoding="utf-8")
    file.chmod(0o755)
    return file


SAYS_3_1 = 'if [ "$1" = -c ]; then echo 3.1; exit; fi'
MAKES = f"""{SAYS_3_1}
mkdir -p "$3/bin"
printf '#!/bin/sh\\necho "$@" "<$PIP_CONSTRAINT>" >> "%s/log"\\n' "$3" > "$3/bin/python"
chmod +x "$3/bin/python"
"""


class TestPython:
    def test_a_peer_for_any_runs_on_the_one_that_runs_this(self) -> None:
        assert find_python(PEERS["sklearn"]) == Path(sys.executable)

    def test_one_that_is_absent_is_the_reason(self, path: Path) -> None:
        del path
        with pytest.raises(Unavailable, match=r"^rasa needs Python 3\.1: found no python3\.1 on PATH"):
            find_python(OLD)

    def test_one_that_does_not_run_or_is_another_is_passed_over(self, path: Path, tmp_path: Path) -> None:
        """As the shims of pyenv are, where its version is not chosen."""
        shim = script(path / "python3.1", 'echo "pyenv: python3.1: command not found" >&2', "exit 127")
        with pytest.raises(Unavailable, match=f"found {shim}, expected one that runs"):
            find_python(OLD)
        script(tmp_path / "pyenv/versions/3.1.1/bin/python", "echo 3.2")
        right = script(tmp_path / "pyenv/versions/3.1.4/bin/python", SAYS_3_1)
        assert find_python(OLD) == right


class TestInstall:
    def test_it_is_installed_once_without_the_project_s_own_versions(
        self, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PIP_CONSTRAINT", "requirements/constraints.txt")
        script(path / "python3.1", MAKES)
        folder = tmp_path / "venv"
        for _ in range(2):
            assert ready(OLD, folder) == folder / "bin" / "python"
        log = folder.joinpath("log").read_text(encoding="utf-8")
        assert log == f"-m pip install --quiet --requirement {OLD.requirements} <>\n"

    def test_other_versions_install_anew(self, path: Path, tmp_path: Path) -> None:
        script(path / "python3.1", MAKES)
        folder = tmp_path / "venv"
        ready(OLD, folder)
        ready(replace(OLD, name="spacy"), folder)
        assert len(folder.joinpath("log").read_text(encoding="utf-8").splitlines()) == 2

    def test_what_pip_says_is_the_reason(self, path: Path, tmp_path: Path) -> None:
        script(path / "python3.1", SAYS_3_1, 'echo "no matching distribution" >&2', "exit 1")
        with pytest.raises(Unavailable, match=r"^rasa cannot be installed \(status 1\): no matching distr"):
            ready(OLD, tmp_path / "venv")


@pytest.mark.parametrize("peer", PEERS.values(), ids=PEERS.keys())
def test_every_version_is_pinned(peer: object) -> None:
    assert isinstance(peer, type(OLD))
    lines = peer.requirements.read_text(encoding="utf-8").splitlines()
    assert lines
    assert all(len(line.split("==")) == 2 for line in lines)
