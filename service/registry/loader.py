"""How a bundle is loaded beside what serves: only where it fits, and after a rehearsal.

    does it fit in memory -> its rehearsal in another process -> does it fit, measured -> load -> meet the words in use

The first version of a process is not rehearsed: nothing serves that it could harm, and who starts a service waits for it.
Nor is one that this process has loaded before, by its digest: a way back is not to be waited for.

Several workers load at about the same moment, and each would find free what the others are about to take. Where it does not
fit as often as there are workers, they look and load one after the other.
"""

import gc
import time
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from threading import Event
from typing import Any

from polyparse.bundle.store import Located
from polyparse.runtime.device_memory import free_device_bytes
from polyparse.runtime.session import Device
from service.background import in_the_background
from service.memory import RESERVE_BYTES, available_bytes_here, return_freed
from service.registry.errors import LoadCancelled, MemoryShort
from service.registry.load_warm import PAUSE_S, load_warm, meet_words
from service.registry.loaded import Loaded, ServedParser
from service.registry.rehearsal import Rehearsals
from service.registry.turns import Turns

GROWTH = 4.5
"""Bytes in memory of a loaded version for each byte of its files: small weights are widened, words get tables."""
FIXED_BYTES = 40_000_000
"""What the sessions of a version take whatever its size."""
PROCESS_BYTES = 64_000_000
"""What the process of a rehearsal takes beside the version."""
REMEMBERED = 16
"""Versions that were loaded and need no rehearsal."""
YOUNG = 1
"""Of Python's collector, the generation that is collected after each run, with the younger one. What a load makes lives as
long as the version. Left to itself the collector waits until there are 20,000 objects, and then stops all threads for 20 to
40 ms, since none of them is in a cache of the processor any more; while they are few and new it is a fraction of one."""


class BundleLoader:
    """Loads bundles onto one device, for batches of `batch_tokens`."""

    def __init__(
        self,
        *,
        device: Device,
        batch_tokens: int,
        rehearsals: Rehearsals | None,
        turns: Turns | None = None,
        workers: int = 1,
        ood_threshold: float | None = None,
    ) -> None:
        """`turns` are taken with the other ones of so many workers. `ood_threshold` is in place of each bundle's own."""
        self._device = device
        self._batch_tokens = batch_tokens
        self._rehearsals = rehearsals
        self._turns = turns
        self._workers = workers
        self._ood_threshold = ood_threshold
        self._known: dict[str, int] = {}

    def load(self, bundle: Located, *, beside: ServedParser[Any] | None, is_cancelled: Event) -> Loaded:
        """See `service.registry.loaded.Loader`."""
        with nullcontext() if beside is None else in_the_background():
            needed = self._measured(bundle, is_first=beside is None, is_cancelled=is_cancelled)
            with self._turn(needed, is_cancelled):
                self._check_room(needed)
                loaded = self._load(bundle, beside, is_cancelled)
            self._remember(loaded.identity.digest, needed)
            return loaded

    def _measured(self, bundle: Located, *, is_first: bool, is_cancelled: Event) -> int:
        """The bytes that a bundle takes, by its rehearsal where there is one."""
        if known := self._known.get(bundle.digest or ""):
            return known
        if is_first or self._rehearsals is None:
            return _estimate(bundle)
        self._check_room(_estimate(bundle) + PROCESS_BYTES)
        return self._rehearsals.rehearse(bundle, is_cancelled)

    def _remember(self, digest: str, needed: int) -> None:
        """Note what a version takes that was loaded, and forget the one that was loaded longest ago of too many."""
        self._known.pop(digest, None)
        self._known[digest] = needed
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]

    def _turn(self, needed: int, is_cancelled: Event) -> AbstractContextManager[None]:
        """Wait for our turn, unless there is room for whatever the other workers load meanwhile."""
        if self._turns is None or not self._lacks(self._workers * needed):
            return nullcontext()
        return self._turns.load(is_cancelled)

    def _load(self, bundle: Located, beside: ServedParser[Any] | None, is_cancelled: Event) -> Loaded:
        def rest(seconds: float) -> None:
            if is_cancelled.is_set():
                raise LoadCancelled("found another wish while it was warmed up, expected the same")
            if beside is not None:
                gc.collect(YOUNG)
                time.sleep(seconds)

        pause = partial(rest, PAUSE_S)
        loaded = load_warm(
            bundle,
            device=self._device,
            batch_tokens=self._batch_tokens,
            ood_threshold=self._ood_threshold,
            pause=pause,
        )
        if beside is not None:
            meet_words(loaded.parser, beside.kept_chunks(), rest=rest)
        return loaded

    def release(self, parts: list[object]) -> None:
        """Drop the last references to a version and return its memory."""
        with in_the_background():
            parts.clear()
            return_freed()

    def _check_room(self, needed: int) -> None:
        """Raise MemoryShort where so many bytes more would not fit, here or on the device."""
        if lacks := self._lacks(needed):
            raise MemoryShort(lacks)

    def _lacks(self, needed: int) -> str:
        """Where so many bytes more would not fit, here or on the device; "" where they do."""
        for where, available in (
            ("memory", available_bytes_here()),
            (f"memory of {self._device}", free_device_bytes(self._device)),
        ):
            if available is not None and needed + RESERVE_BYTES > available:
                return (
                    f"found {available / 1e6:.0f} MB of {where} free, "
                    f"expected {(needed + RESERVE_BYTES) / 1e6:.0f} MB for one more version"
                )
        return ""


def _estimate(bundle: Located) -> int:
    """The bytes in memory of a bundle, before it is tried."""
    size = sum(path.stat().st_size for path in bundle.bundle.rglob("*") if path.is_file())
    return FIXED_BYTES + round(GROWTH * size)
