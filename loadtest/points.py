"""What a run measures: one point a request, and how points are written and read for others to check."""

import csv
import gzip
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from loadtest.outcome import GOOD, SLOW

FIELDS = ("intended_s", "turned_s", "done_s", "outcome", "status", "kind", "version")


class Point(NamedTuple):
    """One request, in seconds from the start of the run.

    `turned_s` is when the generator turned to it: wrote it, or began to connect for it, or found that it may not.
    `stages_ms` is what the service said of its own time, where it was asked to. `sent_s` is when it was written, if it was.
    """

    intended_s: float
    turned_s: float
    done_s: float
    outcome: str
    status: int
    kind: str
    version: str | None
    stages_ms: Mapping[str, float] | None = None
    sent_s: float | None = None

    @property
    def latency_s(self) -> float:
        """From the moment at which it was meant to be sent to its end."""
        return self.done_s - self.intended_s

    def is_good(self, in_time_s: float) -> bool:
        """Whether its caller got, in time, what he deserves."""
        return self.outcome in GOOD and self.latency_s <= in_time_s

    def outcome_by(self, in_time_s: float) -> str:
        """What became of it for a caller who waits no longer than that."""
        return SLOW if self.outcome in GOOD and self.latency_s > in_time_s else self.outcome


def write(points: Iterable[Point], file: Path) -> None:
    """One line a request, compressed; stages are left out."""
    with gzip.open(file, "wt", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(FIELDS)
        for point in points:
            rows.writerow("" if value is None else value for value in point[: len(FIELDS)])


def read(file: Path) -> Iterator[Point]:
    """The points again."""
    with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield Point(
                float(row["intended_s"]),
                float(row["turned_s"]),
                float(row["done_s"]),
                row["outcome"],
                int(row["status"]),
                row["kind"],
                row["version"] or None,
            )
