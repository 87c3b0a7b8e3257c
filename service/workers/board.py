"""What workers tell each other: a folder in memory with a file for each worker and kind of news, replaced in one step."""

from contextlib import suppress
from pathlib import Path

COUNTERS, GAUGES, EXEMPLARS = "counters", "gauges", "exemplars"
STATUS, REFUSAL, RESTARTS = "status", "refusal", "restarts"
"""Kinds of news: counters and restarts outlive their worker, the others end with it. STATUS is a ProcessStatus of
polyparse.bundle.status as JSON; REFUSAL is why a worker does not start; RESTARTS, which its supervisor publishes, is how
many workers have taken the place of another one there."""
OF_THE_LIVING = (GAUGES, EXEMPLARS, STATUS, REFUSAL)


class Board:
    """The board as one worker uses it: it publishes its own news, and reads everybody's."""

    def __init__(self, folder: Path, worker: int) -> None:
        self._folder = folder
        self._worker = worker

    def publish(self, kind: str, content: bytes) -> None:
        """Replace this worker's news of a kind; OSError where the folder is full or gone.

        Nothing is flushed to disk: news is about processes, and ends with them.
        """
        unfinished = self._folder / f".{kind}.{self._worker}"
        unfinished.write_bytes(content)
        unfinished.replace(self._folder / f"{kind}.{self._worker}")

    def read(self, kind: str) -> dict[int, bytes]:
        """The latest news of a kind, by the number of the worker."""
        news = {}
        for file in sorted(self._folder.glob(f"{kind}.*")):
            with suppress(OSError):  # Its worker has just ended.
                news[int(file.suffix[1:])] = file.read_bytes()
        return news

    def forget(self) -> None:
        """Take away what holds only while this worker lives."""
        for kind in OF_THE_LIVING:
            self._folder.joinpath(f"{kind}.{self._worker}").unlink(missing_ok=True)
