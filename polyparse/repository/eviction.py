"""Room in a cache: the least recently used bundles go first; what is wanted, or held by a process, never goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from polyparse.errors import DiskShort
from polyparse.repository import layout as layouts
from polyparse.repository.cache_lock import hold

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from polyparse.repository.layout import Entry, Layout


class Removed(NamedTuple):
    """What was removed, and how many bytes that gave; `is_bundle` is false for what a killed process left."""

    digest: str
    bytes: int
    is_bundle: bool


def candidates(entries: Sequence[Entry], wanted: Collection[str]) -> list[Entry]:
    """What may go, in the order in which it goes."""
    unwanted = (entry for entry in entries if entry.digest not in wanted)
    return sorted(unwanted, key=lambda entry: (entry.used_ns, entry.digest))


def make_room(layout: Layout, needed: int, *, limit: int, wanted: Collection[str]) -> None:
    """Remove bundles until so many bytes more stay within the limit; to be called under the lock of room.

    Raises:
        DiskShort: what is wanted or held leaves too little.
    """
    for _ in leftovers(layout):
        pass
    coming = layout.partials()  # first: what comes into its place between the two is counted then
    entries = layout.entries()
    total = sum({entry.digest: entry.bytes for entry in (*coming, *entries)}.values())
    for entry in candidates(entries, wanted):
        if total + needed <= limit:
            return
        total -= entry.bytes if _evict(layout, entry.digest) else 0
    if total + needed > limit:
        raise DiskShort(
            f"found {total} bytes of bundles that are wanted, held or being fetched, expected room for {needed} more "
            f"within {limit}: --cache-bytes raises the bound",
            file=layout.folder,
        )


def collect(layout: Layout, *, wanted: Collection[str], is_dry_run: bool = False) -> Iterator[Removed]:
    """Remove every bundle that is neither wanted nor held, and what killed processes left; or only say what would go."""
    yield from leftovers(layout, is_dry_run=is_dry_run)
    for entry in candidates(layout.entries(), wanted):
        if _evict(layout, entry.digest, is_dry_run=is_dry_run):
            yield Removed(entry.digest, entry.bytes, is_bundle=True)


def leftovers(layout: Layout, *, is_dry_run: bool = False) -> Iterator[Removed]:
    """Remove what processes left that were killed while they fetched or removed a bundle."""
    for entry in layout.partials():
        lock = hold(layout.lock(entry.digest), alone=True)
        if lock is None:
            continue  # somebody is at it
        with lock:
            if not is_dry_run:
                layouts.remove(layout.partial(entry.digest))
                if not layout.entry(entry.digest).exists():
                    lock.remove_file()
        yield Removed(entry.digest, entry.bytes, is_bundle=False)


def _evict(layout: Layout, digest: str, *, is_dry_run: bool = False) -> bool:
    """Remove a bundle, unless a process holds it; first out of the place where it is found, in one step."""
    lock = hold(layout.lock(digest), alone=True)
    if lock is None:
        return False
    with lock:
        if not is_dry_run:
            discard(layout, digest)
            lock.remove_file()
    return True


def discard(layout: Layout, digest: str) -> None:
    """Remove a bundle whose lock is held alone."""
    partial = layout.partial(digest)
    layouts.remove(partial)
    layout.entry(digest).rename(partial)
    layouts.remove(partial)
