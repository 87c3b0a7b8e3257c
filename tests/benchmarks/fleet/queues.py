"""Nodes that are the queues of the textbooks: one request a run, nobody refused, all times in units of a mean service."""

from __future__ import annotations

import math
from dataclasses import replace

from benchmarks.fleet.service_times import ServiceTimes, Work
from service.settings import Settings

ALONE = Settings(batch_tokens=1, queue_tokens=10_000_000, max_wait_ms=60_000.0)
"""Whatever comes waits, and runs by itself."""
MIX = [Work(1, 1, 1)]
DETERMINISTIC = ServiceTimes(
    read_s=0.0,
    answer_s=0.0,
    write_s=0.0,
    refuse_s=0.0,
    wake_s=0.0,
    run_s=1.0,
    sequence_s=0.0,
    token_s=0.0,
    wire_s=0.0,
)
EXPONENTIAL = replace(DETERMINISTIC, run_factors=tuple(-math.log(1 - (i + 0.5) / 2000) for i in range(2000)))
"""A service time is one of the quantiles of the exponential distribution."""
USUAL = ServiceTimes(
    read_s=60e-6,
    answer_s=30e-6,
    write_s=10e-6,
    refuse_s=30e-6,
    wake_s=50e-6,
    run_s=300e-6,
    sequence_s=30e-6,
    token_s=5e-6,
    wire_s=100e-6,
)
"""In seconds, as a real node's are."""
WORDS = [Work(8 + tokens, 4 + tokens, tokens) for tokens in range(3, 14)]
