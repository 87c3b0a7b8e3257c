"""How a process ends with the one that started it, however that one ends."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""Asks Linux for a signal when the thread that started this process ends, whatever ends it: prctl(2)."""


def end_with(parent: int, sig: signal.Signals) -> None:
    """Get a signal when the parent ends, and end at once where it has; a system that has no such signal sends none."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, sig)
    if os.getppid() != parent:  # It ended before we asked.
        sys.exit(1)
