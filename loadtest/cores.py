"""Which cores the service and the generator run on, so that neither takes time from the other. Linux only."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple


class CoreShares(NamedTuple):
    """Cores of the service and of the generator; the same where there is only one."""

    service: frozenset[int]
    generator: frozenset[int]


def shared_out(usable: Iterable[int]) -> CoreShares:
    """The last core for the generator, all others for the service."""
    *service, last = sorted(usable)
    return CoreShares(frozenset(service or [last]), frozenset({last}))


def usable_here() -> frozenset[int]:
    """The cores that this thread may run on."""
    return frozenset(os.sched_getaffinity(0))


@contextmanager
def on(cores: frozenset[int]) -> Iterator[None]:
    """Run this thread, and the processes that it starts, on these cores for the length of a `with`."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
