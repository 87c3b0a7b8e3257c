"""Workers share a folder that is theirs alone, and that nobody finds after them."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import pytest

from polyparse.errors import ConfigError
from service.workers import run_folder as folders
from service.workers.run_folder import run_folder

if TYPE_CHECKING:
    from pathlib import Path


def test_the_folder_is_private_and_goes_at_the_end() -> None:
    with run_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        folder.joinpath("file").touch()
    assert not folder.exists()


def test_where_no_folder_can_be_made_the_variable_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "IN_MEMORY", tmp_path / "absent")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    with pytest.raises(ConfigError, match=r"^TMPDIR: found no folder to write in"), run_folder():
        pass
    long = tmp_path / ("long" * 30)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with (
        pytest.raises(ConfigError, match=r"^TMPDIR: found .* expected a path of at most 80 bytes"),
        run_folder(),
    ):
        pass
    assert list(long.iterdir()) == []
