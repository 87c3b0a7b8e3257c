"""The console command: a table, imported when called; a refusal is one line and status 2."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from polyparse.cli import main as cli
from polyparse.cli.main import COMMANDS, INSTALL, Command, main
from tests.bundles import write_bundle
from tests.train import corpus

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(cli.__file__).parents[2]
ENDINGS = (
    "fine",
    "refuse",
    "be_interrupted",
    "lack_memory",
    "fail_to_open",
    "lack_an_extra",
    "lack_something_else",
)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A module whose functions end in every way that a subcommand can."""
    source = """
        from polyparse.errors import ConfigError

        def fine(argv):
            return len(argv)

        def refuse(argv):
            raise ConfigError(f"found {argv[0]}, expected 1")

        def be_interrupted(argv):
            raise KeyboardInterrupt

        def lack_memory(argv):
            raise MemoryError

        def fail_to_open(argv):
            open("/nowhere/at\\nall")

        def lack_an_extra(argv):
            raise ModuleNotFoundError(name="torch.nn")

        def lack_something_else(argv):
            raise ModuleNotFoundError(name="polyparse.spelling")
    """
    tmp_path.joinpath("endings_of_commands.py").write_text(textwrap.dedent(source))
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("endings_of_commands", None)


@pytest.fixture
def ending(install: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENDINGS:
        monkeypatch.setitem(COMMANDS, name, Command(f"endings_of_commands:{name}", ""))


def imported_after(program: str, *argv: str) -> set[str]:
    """Top-level modules that a program leaves imported, in a process of its own."""
    said = "print('\\n' + ' '.join({name.partition('.')[0] for name in sys.modules}))"
    command = [sys.executable, "-c", f"import sys\n{program}\n{said}", *argv]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    return set(done.stdout.splitlines()[-1].split())


def imported_by(*argv: str) -> set[str]:
    """Those that a subcommand's --help leaves."""
    program = (
        "from polyparse.cli.main import main\ntry:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass"
    )
    return imported_after(program, *argv, "--help")


@pytest.mark.parametrize("name", ["serve", "parse", "models"])
def test_a_subcommand_that_serves_imports_nothing_that_trains(name: str) -> None:
    assert imported_by(name).isdisjoint({"torch", "scipy", "onnx", "fasttext", "train", "model_export"})


@pytest.mark.parametrize(
    "module", ["polyparse.cli.parse", "polyparse.cli.models", "polyparse.runtime.load", "service.server"]
)
def test_serving_imports_nothing_that_makes_reports(module: str) -> None:
    assert imported_after(f"import {module}").isdisjoint({"jinja2", "matplotlib", "rich"})


def test_evaluating_imports_matplotlib_for_a_page_only_and_a_bundle_needs_no_torch(tmp_path: Path) -> None:
    assert "matplotlib" not in imported_by("evaluate")
    bundle = write_bundle(tmp_path / "models" / "words" / "1")
    options = ["--bundle", str(bundle), "--corpus", corpus.write_massive(tmp_path / "corpus")]
    options += ["--partition", "test", "--report", str(tmp_path / "report")]
    program = "from polyparse.cli.main import main\nassert main(sys.argv[1:]) == 0"
    imported = imported_after(program, "evaluate", *options)
    assert {"onnxruntime", "matplotlib"} <= imported
    assert imported.isdisjoint({"torch", "scipy", "onnx", "fasttext"})


def test_the_table_itself_imports_no_package_but_polyparse() -> None:
    assert imported_by().isdisjoint({"numpy", "onnxruntime", "fastapi", "service", *INSTALL})


@pytest.mark.parametrize("argv", [[], ["--help"], ["-h"]])
def test_help_lists_every_subcommand(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 0
    printed = capsys.readouterr().out
    assert all(f"{name} " in printed and command.summary in printed for name, command in COMMANDS.items())


def test_an_unknown_subcommand_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sevre"]) == 2
    assert (
        capsys.readouterr().err
        == f"polyparse: found subcommand 'sevre', expected one of {', '.join(COMMANDS)}\n"
    )


@pytest.mark.usefixtures("ending")
def test_a_subcommand_gets_the_arguments_after_its_name_and_gives_its_status() -> None:
    assert main(["fine", "a", "b"]) == 2
    assert main(["fine"]) == 0


@pytest.mark.usefixtures("ending")
def test_what_polyparse_refuses_is_one_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["refuse", "7"]) == 2
    assert capsys.readouterr() == ("", "polyparse: found 7, expected 1\n")


@pytest.mark.usefixtures("ending")
@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("be_interrupted", 130, ""),
        ("lack_memory", 2, "polyparse: found too little memory: none is left\n"),
        ("fail_to_open", 2, "polyparse: /nowhere/at\\nall: No such file or directory\n"),
    ],
)
def test_what_the_machine_refuses_is_one_line_too(
    command: str, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command]) == status
    assert capsys.readouterr() == ("", said)


def test_the_version_is_that_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    project = tomllib.loads(ROOT.joinpath("pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"polyparse {project['version']}\n"


def test_a_clone_that_is_not_installed_has_no_version(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(cli, "version", absent)
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == "polyparse (a clone that is not installed)\n"


@pytest.mark.usefixtures("ending")
def test_a_missing_package_is_named_with_the_extra_that_brings_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lack_an_extra"]) == 2
    assert "'torch', which is not installed: pip install -c requirements/constraints.txt -e '.[train]'" in (
        capsys.readouterr().err
    )


@pytest.mark.usefixtures("ending")
def test_a_module_of_our_own_that_is_missing_is_a_bug_and_is_raised() -> None:
    with pytest.raises(ModuleNotFoundError):
        main(["lack_something_else"])
