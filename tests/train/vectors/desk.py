"""A downloader at work: where its files are, and a download that was cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from train.progress import Progress
from train.vectors.download import Downloader
from train.vectors.pins import Pins

if TYPE_CHECKING:
    from pathlib import Path

    from tests.train.vectors.file_server import ServedFile

CONTENT = np.random.default_rng(0).bytes(3_000_000)


class Desk:
    """A downloader, the waits that it asked for, and the files around it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "vectors"
        self.pin_file = self.folder / "pins.json"
        self.waits: list[float] = []
        self.downloader = Downloader(
            folder=self.folder,
            pins=Pins(self.pin_file),
            progress=Progress(quiet=True),
            wait=self.waits.append,
        )

    @property
    def file(self) -> Path:
        return self.folder / "wiki.it.align.vec"

    @property
    def partial(self) -> Path:
        return self.folder / ".wiki.it.align.vec.partial"

    def left(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


def cut_at(served: ServedFile, desk: Desk, size: int) -> None:
    """Leave a download with so many bytes, as a machine that goes down does."""
    served.cuts = [size]
    served.statuses = []

    def go_down(_: float) -> None:
        raise KeyboardInterrupt

    cut = Downloader(
        folder=desk.folder, pins=Pins(desk.pin_file), progress=Progress(quiet=True), wait=go_down
    )
    with pytest.raises(KeyboardInterrupt):
        cut.fetch(served.url)
    assert desk.partial.stat().st_size == size
    served.asked.clear()
