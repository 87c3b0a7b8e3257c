"""Brings the bundles that are wished into the cache, in a thread of its own, until they are there or wished no more.

What fails is tried again, later and later, at moments that differ between processes. One that is wished is never given up.
"""

import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Event, Thread

from polyparse.bundle.state import Pointer
from polyparse.errors import FetchCancelled, PolyparseError
from polyparse.repository.cache import Held
from service.clock import Clock
from service.registry.errors import LoadFailed

FIRST_S, LONGEST_S = 0.2, 3.0
"""Time before a second try, and the longest that it grows to: what the repository has again is here soon after."""

Obtain = Callable[[Pointer, Event], Held]
"""Brings one bundle into the cache; raises FetchCancelled once the event is set, any other PolyparseError where it fails."""


@dataclass
class Wish:
    """A bundle that is wished: where it is, or why it is not here yet, and when it is tried again."""

    pointer: Pointer
    held: Held | None = None
    problem: PolyparseError | None = None
    failures: int = 0
    next_s: float = 0.0


class Fetcher:
    """The thread ends with `close`, or with the process."""

    def __init__(
        self, obtain: Obtain, *, clock: Clock = time.monotonic, draw: Callable[[], float] = random.random
    ) -> None:
        self._obtain = obtain
        self._clock = clock
        self._draw = draw
        self._changed = Condition()
        self._wishes: dict[Pointer, Wish] = {}
        self._current: tuple[Pointer, Event] | None = None
        self._thread: Thread | None = None
        self._is_closed = False

    def wish(self, pointers: Sequence[Pointer]) -> None:
        """Wish for these from now on, the first one first; what is wished no more is given up, and may be evicted."""
        with self._changed:
            if self._is_closed:
                return
            before, self._wishes = self._wishes, {}
            for pointer in pointers:
                self._wishes.setdefault(pointer, before.get(pointer) or Wish(pointer))
            self._let_go(before)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="bundle-fetcher", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def adopt(self, pointer: Pointer, held: Held) -> None:
        """Take over a bundle that somebody else found in the cache, and wish for it alone."""
        with self._changed:
            self._wishes[pointer] = Wish(pointer, held)

    def folder(self, pointer: Pointer) -> Path | None:
        """Where a bundle is, None while it is not here."""
        with self._changed:
            wish = self._wishes.get(pointer)
            return None if wish is None or wish.held is None else wish.held.folder

    def problem(self, pointer: Pointer) -> PolyparseError | None:
        """Why the last try failed, None where none did."""
        with self._changed:
            wish = self._wishes.get(pointer)
            return None if wish is None else wish.problem

    def wait(self, pointer: Pointer) -> None:
        """Wait until a bundle that is wished is here, or a try fails, or all ends. A try ends by itself within a bound."""
        with self._changed:
            wish = self._wishes.get(pointer)
            if wish is None:  # All ends.
                return
            failures = wish.failures
            self._changed.wait_for(
                lambda: self._is_closed or wish.held is not None or wish.failures != failures
            )

    def close(self) -> None:
        """Give up all that goes on, and let bundles go. Does not wait for the thread."""
        with self._changed:
            self._is_closed = True
            before, self._wishes = self._wishes, {}
            self._let_go(before)
            self._changed.notify_all()

    def _let_go(self, before: dict[Pointer, Wish]) -> None:
        for pointer, wish in before.items():
            if pointer not in self._wishes and wish.held is not None:
                wish.held.hold.release()
        if self._current is not None:
            first = next(iter(self._wishes), None)
            is_overtaken = first is not None and first not in before and self._current[0] != first
            if self._current[0] not in self._wishes or is_overtaken:
                self._current[1].set()

    def _run(self) -> None:
        while (wish := self._next()) is not None:
            assert self._current is not None  # noqa: S101 - `_next` has just set it.
            held, problem = None, None
            try:
                held = self._obtain(wish.pointer, self._current[1])
            except FetchCancelled:
                pass
            except PolyparseError as error:
                problem = error
            except Exception as error:  # A thread that ended would fetch nothing any more.
                problem = LoadFailed(error)
            self._ended(wish, held, problem)

    def _next(self) -> Wish | None:
        """The wish that is to be tried now, waited for; None at the end."""
        with self._changed:
            while not self._is_closed:
                missing = [wish for wish in self._wishes.values() if wish.held is None]
                now_s = self._clock()
                for wish in missing:
                    if wish.next_s <= now_s:
                        self._current = wish.pointer, Event()
                        return wish
                next_s = min((wish.next_s for wish in missing), default=None)
                self._changed.wait(None if next_s is None else next_s - now_s)
            return None

    def _ended(self, wish: Wish, held: Held | None, problem: PolyparseError | None) -> None:
        with self._changed:
            self._current = None
            if held is not None and self._wishes.get(wish.pointer) is not wish:
                held.hold.release()  # Not wished any more when it came.
                held = None
            wish.held, wish.problem = held, problem
            if problem is not None:
                wish.failures += 1
                wish.next_s = self._clock() + delay_s(wish.failures, self._draw())
            self._changed.notify_all()


def delay_s(failures: int, draw: float) -> float:
    """Seconds until the next try after so many failures; `draw`, from 0 to 1, takes up to half of them away."""
    with suppress(OverflowError):
        return min(LONGEST_S, FIRST_S * 2.0 ** (failures - 1)) * (1 - draw / 2)
    return LONGEST_S * (1 - draw / 2)
