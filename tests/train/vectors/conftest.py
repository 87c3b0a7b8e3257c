"""A server of one file, and a downloader that fetches from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.train.vectors.desk import CONTENT, Desk
from tests.train.vectors.file_server import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.train.vectors.file_server import ServedFile


@pytest.fixture
def served() -> Iterator[ServedFile]:
    with serving(CONTENT) as each:
        yield each


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)
