"""Which cores the server and the load run on, so that neither takes time from the other."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import NamedTuple

from loadtest.cores import on


class Cores(NamedTuple):
    """A core for the server and another for the load; None where there is only one, and nothing is pinned."""

    server: int | None
    load: int | None

    @property
    def are_apart(self) -> bool:
        """Whether the two do not share a core."""
        return self.server is not None


def split(usable: Iterable[int]) -> Cores:
    """The first and the last of the usable cores: neighbours may be two threads of one."""
    cores = sorted(usable)
    return Cores(cores[0], cores[-1]) if len(cores) > 1 else Cores(None, None)


def split_here() -> Cores:
    """`split` of the cores that this process may use."""
    return split(os.sched_getaffinity(0))


@contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """Run this thread, and the processes that it starts, on one core for the length of a `with`."""
    with nullcontext() if core is None else on(frozenset({core})):
        yield
