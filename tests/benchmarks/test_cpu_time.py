"""CPU time of the server is read from the kernel, and two servers are compared within a turn."""

import os
import time
from pathlib import Path

import pytest

from benchmarks.cpu_time import Turn, cpu_seconds, figures, main, measure
from benchmarks.errors import MeasurementFailed


def test_the_ratio_is_taken_within_a_turn() -> None:
    turns = [Turn(100, 200, 0), Turn(300, 300, 1), Turn(90, 100, 2)]
    assert figures(turns) == {"cpu_ratio": 0.9, "cpu_us_here": 100, "cpu_us_there": 200, "errors": 3}


def test_cpu_time_is_that_of_the_whole_process() -> None:
    before = cpu_seconds(os.getpid())
    start = time.process_time()
    while time.process_time() - start < 0.1:
        pass
    spent = cpu_seconds(os.getpid()) - before
    assert spent >= 0.1 - 2 / os.sysconf("SC_CLK_TCK")


def test_what_is_no_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MeasurementFailed, match="--against: found no checkout at"):
        measure(tmp_path, [], turns=1, connections=1)
    with pytest.raises(SystemExit):
        main(["--turns", "1"])
