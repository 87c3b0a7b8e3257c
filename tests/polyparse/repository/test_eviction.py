"""The least recently used bundle goes first; what is wanted or held stays, and then there may be no room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from polyparse.errors import DiskShort
from polyparse.repository import eviction, known
from polyparse.repository.cache_lock import hold
from polyparse.repository.eviction import Removed, candidates, make_room
from polyparse.repository.layout import Entry, Layout

if TYPE_CHECKING:
    from pathlib import Path

A, B, C, D = (64 * letter for letter in "abcd")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A cache of three bundles of 100 bytes, of which A was used first."""
    layout = Layout(tmp_path / "cache")
    layout.make()
    for number, digest in enumerate((A, B, C)):
        fill(layout.entry(digest))
        set_used(layout.entry(digest), number)
    return layout


def fill(folder: Path) -> None:
    folder.joinpath("words", "1").mkdir(parents=True)
    folder.joinpath("words", "1", "file").write_bytes(bytes(100))


def set_used(folder: Path, second: int) -> None:
    import os  # noqa: PLC0415

    os.utime(folder, (second, second))


def left(layout: Layout) -> set[str]:
    return {entry.digest for entry in layout.entries()}


@pytest.mark.parametrize(
    ("wanted", "expected"), [((), [B, A, C]), ((A,), [B, C]), ((A, B, C), []), (("unknown",), [B, A, C])]
)
def test_what_is_not_wanted_goes_in_the_order_of_its_use(
    wanted: tuple[str, ...], expected: list[str]
) -> None:
    entries = [Entry(A, 1, 20), Entry(B, 1, 10), Entry(C, 1, 20)]
    assert [entry.digest for entry in candidates(entries, wanted)] == expected


@pytest.mark.parametrize(
    ("needed", "limit", "expected"),
    [(100, 400, {A, B, C}), (1, 300, {B, C}), (101, 300, {C}), (200, 300, {C}), (300, 300, set())],
)
def test_no_more_goes_than_is_needed(layout: Layout, needed: int, limit: int, expected: set[str]) -> None:
    make_room(layout, needed, limit=limit, wanted=())
    assert left(layout) == expected


def test_what_is_wanted_or_held_stays_and_is_counted_in_the_refusal(layout: Layout) -> None:
    with hold(layout.lock(B), alone=False) or pytest.fail("it is free"):
        with pytest.raises(
            DiskShort,
            match=r"found 200 bytes of bundles that are wanted, held .* room for 200 more within 300: ",
        ):
            make_room(layout, 200, limit=300, wanted=[A])
        assert left(layout) == {A, B}
        make_room(layout, 100, limit=300, wanted=[A])
    make_room(layout, 200, limit=300, wanted=[A])
    assert left(layout) == {A}


def test_a_bundle_that_is_being_fetched_counts_and_half_of_one_that_nobody_fetches_goes(
    layout: Layout,
) -> None:
    for digest in ("d" * 64, "e" * 64):
        fill(layout.partial(digest))
    with hold(layout.lock("d" * 64), alone=True) or pytest.fail("it is free"):
        make_room(layout, 1, limit=401, wanted=())
        assert [entry.digest for entry in layout.partials()] == ["d" * 64]
    assert left(layout) == {A, B, C}


@pytest.mark.parametrize("looks", range(1, 4))
def test_a_bundle_that_comes_into_its_place_while_bytes_are_counted_is_counted_once(
    layout: Layout, looks: int
) -> None:
    class Moves(Layout):
        """Another process ends its fetch once the folders were looked at so often."""

        looks_left = looks

        def entries(self) -> list[Entry]:
            return self._then_moved(super().entries())

        def partials(self) -> list[Entry]:
            return self._then_moved(super().partials())

        def _then_moved(self, found: list[Entry]) -> list[Entry]:
            self.looks_left -= 1
            if self.looks_left == 0:
                self.partial(D).rename(self.entry(D))
            return found

    fill(layout.partial(D))
    with hold(layout.lock(D), alone=True) or pytest.fail("it is free"):
        with pytest.raises(DiskShort, match="found 400 bytes"):
            make_room(Moves(layout.folder), 1, limit=400, wanted=[A, B, C])
        make_room(layout, 1, limit=401, wanted=[A, B, C])
    assert left(layout) == {A, B, C, D}


def test_all_that_nobody_wants_is_collected_and_a_dry_run_says_the_same_and_leaves_it(layout: Layout) -> None:
    fill(layout.partial("d" * 64))
    state = f'{{"schema": 99, "of later": "{B}"}}'.encode()
    known.remember(layout, "s3://b/words", state, known.LATEST)
    expected = [
        Removed("d" * 64, 100, is_bundle=False),
        Removed(A, 100, is_bundle=True),
        Removed(C, 100, is_bundle=True),
    ]
    wanted = known.wanted(layout)
    assert list(eviction.collect(layout, wanted=wanted, is_dry_run=True)) == expected
    assert left(layout) == {A, B, C}
    assert list(eviction.collect(layout, wanted=wanted)) == expected
    assert left(layout) == {B}
    assert list(eviction.collect(layout, wanted=wanted)) == []
    assert sorted(path.name for path in layout.lock(A).parent.iterdir()) == []


def test_a_lock_whose_file_is_gone_is_taken_anew(layout: Layout) -> None:
    """Else two processes could each hold a lock of the same name."""
    first = hold(layout.lock(A), alone=True)
    assert first is not None
    first.remove_file()
    second = hold(layout.lock(A), alone=True)
    assert second is not None
    first.release()
    assert hold(layout.lock(A), alone=False) is None
    second.release()
    second.release()
