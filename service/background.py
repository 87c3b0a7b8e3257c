"""What a thread does so that work beside requests costs them little: low priority, and short turns of Python's lock."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

LOW_PRIORITY = 5
"""Where both want a core, a third of what requests get: with less, a thread that holds Python's lock keeps them waiting."""
TURN_S = 0.005
"""After so long a thread that runs Python lets another have its turn, if it asks: Python's own value."""
SHORT_TURN_S = 0.0005
_here: set[int] = set()
"""Threads that work in the background now: turns are short until the last of them is done."""
_lock = threading.Lock()


def yield_the_processor() -> None:
    """Let this thread yield the processor, for good; where the system has no priorities of threads, they stay."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOW_PRIORITY)


@contextmanager
def in_the_background() -> Iterator[None]:
    """Let this thread yield the processor, for good, and Python's lock sooner, for the length of the `with`.

    A process that the thread starts has its low priority too.
    """
    yield_the_processor()
    with _lock:
        _here.add(threading.get_ident())
        sys.setswitchinterval(SHORT_TURN_S)
    try:
        yield
    finally:
        with _lock:
            _here.discard(threading.get_ident())
            if not _here:
                sys.setswitchinterval(TURN_S)
