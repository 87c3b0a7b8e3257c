"""A place for output is tried before the work, and left as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from polyparse.errors import ConfigError
from polyparse.outputs import check_folder

if TYPE_CHECKING:
    from pathlib import Path


def names_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_folder_that_can_be_made_will_do_and_is_not_made(tmp_path: Path) -> None:
    check_folder(tmp_path / "a" / "b")
    assert names_below(tmp_path) == []


def test_a_folder_that_is_there_will_do_with_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text("{}")
    check_folder(tmp_path, files=["metrics.json", "report.html"])
    assert names_below(tmp_path) == ["metrics.json"]
    assert (tmp_path / "metrics.json").read_text() == "{}"


@pytest.mark.parametrize("place", ["file", "file/x/y", "link", "link/x", 300 * "x", f"a/b/{300 * 'x'}"])
def test_a_place_where_nothing_can_be_written_is_refused_and_left_as_it_was(
    place: str, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    if place == "link/x":
        (tmp_path / "link").unlink()
        (tmp_path / "link").symlink_to("link")
    with pytest.raises(ConfigError, match=f"{place}: found no place to write"):
        check_folder(tmp_path / place)
    assert names_below(tmp_path) == ["file", "link"]


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(ConfigError, match=r"report\.html: found a folder, expected a file"):
        check_folder(tmp_path, files=["metrics.json", "report.html"])
