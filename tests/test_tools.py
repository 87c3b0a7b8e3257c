"""Tests of other servers and tools are left out by `make test`, and fail in the CI where a tool is absent."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools import APT_FILE, VARIABLE, is_present, must_be_present, programs_of_apt

ROOT = Path(__file__).parents[1]
TESTS = """
import pytest

@pytest.mark.needs_tools("no-such-tool")
def test_absent():
    pass

@pytest.mark.needs_tools("sh", "json")
def test_present():
    pass

@pytest.mark.needs_tools("sh")
def test_skipped():
    pytest.skip("the server said no")

def test_plain():
    pass
"""


@pytest.mark.parametrize(
    ("required", "options", "counts"),
    [
        ("", ("-m", "needs_tools"), "1 passed, 2 skipped, 1 deselected"),
        ("1", ("-m", "needs_tools"), "1 failed, 1 passed, 1 deselected, 1 error"),
        ("1", ("-m", "not needs_tools"), "1 passed, 3 deselected"),
    ],
)
def test_an_absent_tool_is_a_skip_and_a_failure_where_tools_are_required(
    tmp_path: Path, required: str, options: tuple[str, ...], counts: str
) -> None:
    tmp_path.joinpath("test_them.py").write_text(TESTS, encoding="utf-8")
    hooks = "from tests.tools import pytest_runtest_makereport, pytest_runtest_setup"
    tmp_path.joinpath("conftest.py").write_text(hooks, encoding="utf-8")
    tmp_path.joinpath("pytest.ini").write_text(
        "[pytest]\nmarkers = needs_tools(name, ...): tools\n", encoding="utf-8"
    )
    done = subprocess.run(  # noqa: S603  our own command
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options],
        cwd=tmp_path,
        env=os.environ | {VARIABLE: required, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert counts in done.stdout, done.stdout + done.stderr


def test_a_tool_is_a_program_or_a_module() -> None:
    assert is_present("sh")
    assert is_present("json")
    assert not is_present("no-such-tool")


def test_debians_programs_are_excused_where_apt_may_not_be_used() -> None:
    required = {VARIABLE: "1"}
    (program, *_) = programs_of_apt(APT_FILE.read_text(encoding="utf-8"))
    assert not must_be_present([program], required, apt_may_be_used=False)
    assert must_be_present([program], required, apt_may_be_used=True)
    assert must_be_present([program, "weed"], required, apt_may_be_used=False)
    assert not must_be_present(["weed"], {}, apt_may_be_used=True)


def test_packages_are_told_from_their_programs() -> None:
    text = "# a comment\nprometheus prometheus promtool\n\nhey hey  # another\n"
    assert programs_of_apt(text) == {"prometheus", "promtool", "hey"}
