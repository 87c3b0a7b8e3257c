"""What a cache knows of models: the bundles of those that are followed are wanted, the others are forgotten in time."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from polyparse.bundle import store as bundles
from polyparse.repository import known
from polyparse.repository.cache import Cache
from polyparse.repository.folder_store import FolderStore
from polyparse.repository.known import FORGOTTEN_S, LATEST, RENEWED_S, SERVED
from polyparse.repository.layout import BundleName, Layout
from tests.bundles import write_bundle

if TYPE_CHECKING:
    from pathlib import Path

OURS, THEIRS = "s3://ours/words", "s3://theirs/words"
A, B = 64 * "a", 64 * "b"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A cache that knows two models, whose states name a bundle each."""
    layout = Layout(tmp_path / "cache")
    layout.make()
    for url, digest in ((OURS, A), (THEIRS, B)):
        for kind in (LATEST, SERVED):
            known.remember(layout, url, digest.encode(), kind)
    return layout


def grow_old(layout: Layout, url: str, age_s: float) -> None:
    """Let it be so long ago that a model was read."""
    for kind in (LATEST, SERVED):
        file = known._folder(layout, url) / kind
        os.utime(file, (0, time.time() - age_s - 1))


def test_a_model_that_was_not_read_for_a_month_is_wanted_no_more(layout: Layout) -> None:
    grow_old(layout, THEIRS, FORGOTTEN_S - 60)
    known.forget(layout)
    assert known.wanted(layout) == {A, B}
    grow_old(layout, THEIRS, FORGOTTEN_S)
    assert known.wanted(layout) == {A}
    assert known.urls(layout) == [OURS, THEIRS]
    known.forget(layout)
    assert known.urls(layout) == [OURS]


def test_a_model_that_is_read_again_and_has_not_changed_is_not_forgotten(layout: Layout) -> None:
    grow_old(layout, THEIRS, FORGOTTEN_S)
    known.remember(layout, THEIRS, B.encode(), LATEST)
    known.forget(layout)
    assert known.wanted(layout) == {A, B}


def test_a_model_that_serves_while_nobody_can_be_asked_is_not_forgotten(layout: Layout) -> None:
    grow_old(layout, THEIRS, FORGOTTEN_S)
    assert known.recall(layout, THEIRS) == B.encode()
    known.forget(layout)
    assert known.wanted(layout) == {A, B}


def test_what_was_read_lately_is_not_written_again(layout: Layout) -> None:
    grow_old(layout, OURS, RENEWED_S - 60)
    file = known._folder(layout, OURS) / LATEST
    before = file.stat()
    known.remember(layout, OURS, A.encode(), LATEST)
    assert file.stat().st_mtime_ns == before.st_mtime_ns


def test_the_bundles_of_a_forgotten_model_go_and_a_dry_run_says_so_before(tmp_path: Path) -> None:
    write_bundle(tmp_path / "objects" / "words" / "1")
    digest = bundles.digest(tmp_path / "objects" / "words" / "1")
    cache = Cache(tmp_path / "cache")
    held = cache.obtain(BundleName("words", "1", digest), FolderStore(tmp_path / "objects"), "words/1/")
    known.remember(cache.layout, OURS, digest.encode(), SERVED)
    held.hold.release()
    assert list(cache.collect(is_dry_run=False)) == []
    served = known._folder(cache.layout, OURS) / SERVED
    os.utime(served, (0, time.time() - FORGOTTEN_S - 1))
    assert [removed.digest for removed in cache.collect(is_dry_run=True)] == [digest]
    assert [removed.digest for removed in cache.collect(is_dry_run=False)] == [digest]
    assert cache.layout.entries() == []
    assert known.urls(cache.layout) == []
