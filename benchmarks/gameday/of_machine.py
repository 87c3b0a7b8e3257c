"""Faults of what a process stands on: its core, its models."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event

from benchmarks.gameday.fault import Fault, Signal
from benchmarks.gameday.runbook import Cause
from benchmarks.gameday.site import SICK, Site
from benchmarks.in_threads import in_threads

STOPPED_S, RUNS_S = 0.35, 0.6
"""It stands still for less than the time of a scrape, which would find nobody else."""


@contextmanager
def stalled_loop(site: Site) -> Iterator[None]:
    """A neighbour on the node takes the core of one process, again and again."""
    with in_threads([partial(_stop_and_go, site.sick.server.pid)]):
        yield


def _stop_and_go(pid: int, ended: Event) -> None:
    while not ended.wait(RUNS_S):
        os.kill(pid, signal.SIGSTOP)
        ended.wait(STOPPED_S)
        os.kill(pid, signal.SIGCONT)


@contextmanager
def lost_repository(site: Site) -> Iterator[None]:
    """The models of one process are there no more."""
    models = site.sick.mount.readlink()
    site.sick.mount.unlink()
    try:
        yield
    finally:
        site.sick.mount.symlink_to(models)


FAULTS = (
    Fault(
        "stalled_loop",
        Signal("polyparse_event_loop_lag_seconds", "max(polyparse_event_loop_lag_seconds)"),
        "PolyparseEventLoopLags",
        Cause("polyparse_event_loop_lag_seconds", "instance", SICK, 0.25),
        stalled_loop,
    ),
    Fault(
        "lost_repository",
        Signal("polyparse_swap_state_readable", "min(polyparse_swap_state_readable)", rises=False),
        "PolyparseStateUnreadable",
        Cause("polyparse_swap_state_readable", "instance", SICK, 1, is_above=False),
        lost_repository,
    ),
)
