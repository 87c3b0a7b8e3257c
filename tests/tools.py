"""Other servers and tools that tests need: a test without one of them is skipped, or fails where all of them are required.

    @pytest.mark.needs_tools("weed", "s3fs")

A name is a program on PATH or a module of Python; without one, a test takes longer than `make test` has time for, which has
a smaller one of its kind. `make test` leaves such tests out; `make test-integration` installs
what requirements/integration.txt and integration-apt.txt name, and runs them. With REQUIRE_TOOLS=1, as the CI has it,
one that is skipped fails, but for Debian's programs where apt-get may not be used or did not bring them.
"""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

MARKER = "needs_tools"
VARIABLE = "REQUIRE_TOOLS"
ROOT = Path(__file__).parents[1]
APT_FILE = ROOT / "requirements" / "integration-apt.txt"
WITHOUT_APT = ROOT / ".venv-integration" / ".without-apt"
"""Where `make test-integration` says that apt-get failed."""
CANNOT = "this machine cannot"
"""How the reason of a skip begins where the tools are here, but not what they need of the kernel: no fault of a change."""
EXCUSED = pytest.StashKey[bool]()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip the test if a tool of its marker is absent, or fail it if that may not be."""
    names = names_of(item)
    absent = [name for name in names if not is_present(name)]
    if not absent:
        return
    reason = f"needs {', '.join(absent)}, which make test-integration brings"
    if must_be_present(absent, os.environ, apt_may_be_used=may_use_apt()):
        pytest.fail(f"{reason}; {VARIABLE} is set", pytrace=False)
    item.stash[EXCUSED] = True
    pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Report a failure where a test was skipped whose tools are required."""
    report = yield
    is_skipped = report.skipped and not hasattr(report, "wasxfail") and CANNOT not in str(report.longrepr)
    if os.environ.get(VARIABLE) and names_of(item) and is_skipped and not item.stash.get(EXCUSED, False):
        report.outcome = "failed"
        report.longrepr = f"found it skipped ({report.longrepr}), expected it to run: {VARIABLE} is set"
    return report


def names_of(item: pytest.Item) -> list[str]:
    """The tools that a test needs."""
    return [name for marker in item.iter_markers(MARKER) for name in marker.args]


def is_present(name: str) -> bool:
    """Whether there is a program or a module of that name."""
    return shutil.which(name) is not None or find_spec(name) is not None


def must_be_present(absent: Iterable[str], environ: Mapping[str, str], *, apt_may_be_used: bool) -> bool:
    """Whether one of these may not be absent."""
    excused = set() if apt_may_be_used else programs_of_apt(APT_FILE.read_text(encoding="utf-8"))
    return bool(environ.get(VARIABLE)) and not set(absent) <= excused


def may_use_apt() -> bool:
    """Whether Debian's packages could be installed here, as the Makefile asks and says too."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None and not WITHOUT_APT.exists()


def programs_of_apt(text: str) -> set[str]:
    """Programs that Debian's packages bring: of each line, what stands behind the package."""
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return {program for _, *programs in filter(None, lines) for program in programs}
