"""What a worker publishes all read, whole; what holds only while it lives goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from service.workers.board import COUNTERS, GAUGES, STATUS, Board

if TYPE_CHECKING:
    from pathlib import Path


def test_everybody_reads_the_latest_of_each_worker(tmp_path: Path) -> None:
    first, second = Board(tmp_path, 0), Board(tmp_path, 11)
    assert first.read(STATUS) == {}
    first.publish(STATUS, b"old")
    first.publish(STATUS, b"new")
    second.publish(STATUS, b"other")
    assert first.read(STATUS) == second.read(STATUS) == {0: b"new", 11: b"other"}


def test_of_a_worker_that_is_gone_its_counters_stay(tmp_path: Path) -> None:
    board = Board(tmp_path, 0)
    for kind in (COUNTERS, GAUGES, STATUS):
        board.publish(kind, b"1")
    board.forget()
    board.forget()
    assert [board.read(kind) for kind in (COUNTERS, GAUGES, STATUS)] == [{0: b"1"}, {}, {}]


def test_where_the_folder_is_gone_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Board(tmp_path / "gone", 0).publish(STATUS, b"")
