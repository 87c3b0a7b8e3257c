"""Work that goes on in threads of its own while a benchmark does something else."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread


@contextmanager
def in_threads(works: Sequence[Callable[[Event], object]]) -> Iterator[None]:
    """Do each of them in a thread for the length of a `with`; each is to end soon once its event is set."""
    ended = Event()
    threads = [Thread(target=work, args=(ended,)) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()
