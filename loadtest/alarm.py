"""An alarm that wakes an event loop at a moment of `time.perf_counter`, to within some tens of microseconds.

Timers of uvloop and asyncio are late by up to a millisecond, as long as some requests take. The kernel's own (timerfd) is
exact, and a loop watches it as it watches a socket. Linux only; Python has it in `os` from 3.13 on.
"""

import asyncio
import ctypes
import errno
import os
from collections.abc import Callable
from time import CLOCK_MONOTONIC
from typing import Self

ABSOLUTE = 1  # TFD_TIMER_ABSTIME
NANOSECONDS = 1_000_000_000
FIRED_BYTES = 8


class _Moment(ctypes.Structure):
    """The kernel's `timespec`."""

    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Setting(ctypes.Structure):
    """The kernel's `itimerspec`; without an interval it rings once."""

    _fields_ = (("interval", _Moment), ("moment", _Moment))


class Alarm:
    """Calls `ring` in the loop's thread at the moment that was last set."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._ring = ring

    def __enter__(self) -> Self:
        self._file = self._checked(self._libc.timerfd_create(CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC))
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._file, self._rang)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.remove_reader(self._file)
        os.close(self._file)

    def set(self, moment_s: float) -> None:
        """Ring at this moment, and not at one set before; at once if it has passed."""
        seconds, nanoseconds = divmod(max(1, int(moment_s * NANOSECONDS)), NANOSECONDS)
        setting = _Setting(_Moment(0, 0), _Moment(seconds, nanoseconds))
        self._checked(self._libc.timerfd_settime(self._file, ABSOLUTE, ctypes.byref(setting), None))

    def _rang(self) -> None:
        try:
            os.read(self._file, FIRED_BYTES)
        except BlockingIOError:  # it was set anew after it fired
            return
        self._ring()

    def _checked(self, status: int) -> int:
        if status < 0:
            code = ctypes.get_errno()
            raise OSError(code, f"timerfd: {errno.errorcode.get(code)} {os.strerror(code)}")
        return status
