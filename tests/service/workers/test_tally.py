"""A worker's counts are read by another process, and the rows of workers are apart."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from service.workers.tally import make_tallies, open_tally

ROOT = Path(__file__).parents[3]
COUNT = """
import sys; from pathlib import Path; from service.workers.tally import open_tally
tally = open_tally(Path(sys.argv[1]), 1)
for _ in range(3): tally.count_received()
tally.count_closed(); tally.beat()
"""


def test_what_a_worker_counts_its_supervisor_reads(tmp_path: Path) -> None:
    tallies = make_tallies(tmp_path, 3)
    subprocess.run([sys.executable, "-c", COUNT, str(tmp_path)], cwd=ROOT, check=True)  # noqa: S603 - our own
    assert [(each.received, each.closed, each.beats) for each in tallies] == [(0, 0, 0), (3, 1, 1), (0, 0, 0)]
    tallies[1].reset()
    assert open_tally(tmp_path, 1).received == 0
