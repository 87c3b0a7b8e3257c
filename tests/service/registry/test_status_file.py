"""What a process does with each version stands beside the model while it serves, where the folder takes a file."""

import logging
import os
import shutil
from pathlib import Path

import pytest

from polyparse.bundle import status
from polyparse.bundle.silence import RENEWED_S
from polyparse.bundle.status import Reason, VersionStatus
from service.registry.errors import MemoryShort
from service.registry.policy import VersionState
from service.registry.status_file import STATES, StatusFile
from service.registry.version import Version
from tests.service.fakes import FakeClock, located

FAILED = Version(located("2"), VersionState.FAILED, MemoryShort("found 1 MB, expected 9 MB"))
SERVING = Version(located("1"), VersionState.SERVING)


def test_states_reasons_and_the_generation_are_written_and_taken_away_at_the_end(tmp_path: Path) -> None:
    file = StatusFile(tmp_path)
    file.flush()
    assert status.read_all(tmp_path) == []
    file.changed([SERVING, FAILED], 7)
    file.flush()
    (written,) = status.read_all(tmp_path)
    assert (written.pid, written.generation) == (os.getpid(), 7)
    assert written.versions == (
        VersionStatus("1", "", "serving"),
        VersionStatus("2", "", "failed", Reason("memory_short", "found 1 MB, expected 9 MB")),
    )
    file.remove()
    assert status.read_all(tmp_path) == []
    file.remove()


def test_what_has_not_changed_is_not_written_again(tmp_path: Path) -> None:
    file = StatusFile(tmp_path)
    file.changed([SERVING], None)
    file.flush()
    shutil.rmtree(tmp_path / status.FOLDER)
    file.flush()
    assert status.read_all(tmp_path) == []
    file.changed([SERVING], 1)
    file.flush()
    assert [each.generation for each in status.read_all(tmp_path)] == [1]


def test_after_the_end_nothing_is_written(tmp_path: Path) -> None:
    """The thread that writes may come last."""
    file = StatusFile(tmp_path)
    file.changed([SERVING], None)
    file.remove()
    file.flush()
    assert status.read_all(tmp_path) == []


def test_a_folder_that_takes_no_file_is_said_once_and_written_to_when_it_takes_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    folder = tmp_path / status.FOLDER
    folder.write_text("a file")
    file = StatusFile(tmp_path)
    for generation in (1, 2):
        file.changed([SERVING], generation)
        file.flush()
        file.flush()
    assert caplog.text.count("`models list` will not show what this process does") == 1
    folder.unlink()
    file.flush()
    assert [each.generation for each in status.read_all(tmp_path)] == [2]


def test_every_state_has_a_name() -> None:
    assert STATES.keys() == set(VersionState)


def test_what_is_found_of_a_canary_is_written(tmp_path: Path) -> None:
    file = StatusFile(tmp_path)
    canary = Version(located("2"), VersionState.READY, percent=5.0, verdict="undecided")
    file.changed([SERVING, canary], 7)
    file.flush()
    canary.verdict = "unhealthy"
    file.changed([SERVING, canary], 7)
    file.flush()
    (written,) = status.read_all(tmp_path)
    assert [version.verdict for version in written.versions] == [None, "unhealthy"]


def test_the_same_again_is_not_written_again(tmp_path: Path) -> None:
    file = StatusFile(tmp_path)
    file.changed([SERVING], 7)
    file.flush()
    shutil.rmtree(tmp_path / status.FOLDER)
    file.changed([SERVING], 7)
    file.flush()
    assert status.read_all(tmp_path) == []


def test_a_process_that_has_nothing_new_to_say_says_it_anew_each_minute(tmp_path: Path) -> None:
    clock = FakeClock()
    file = StatusFile(tmp_path, clock=clock)
    file.changed([SERVING], 7)
    file.flush()
    (before,) = tmp_path.joinpath(status.FOLDER).iterdir()
    for seconds, is_renewed in ((RENEWED_S - 1, False), (1, True), (RENEWED_S - 1, False), (1, True)):
        os.utime(before, (0, 0))
        clock.now += seconds
        file.flush()
        assert (before.stat().st_mtime > 0) == is_renewed
    assert [each.generation for each in status.read_all(tmp_path)] == [7]
