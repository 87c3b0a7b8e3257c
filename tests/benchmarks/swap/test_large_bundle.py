"""A bundle that is made larger is sound, as large as asked, and answers as before."""

from pathlib import Path

import pytest

from benchmarks.command import ROOT
from benchmarks.errors import MeasurementFailed
from benchmarks.swap.large_bundle import enlarge, made_up
from polyparse.bundle import store
from polyparse.runtime.load import load
from tests.bundles import write_bundle

MORE_BYTES = 2_000_000


def test_made_up_words_are_all_different() -> None:
    assert len(set(made_up(100_000))) == 100_000


def test_it_is_sound_has_the_size_and_gives_the_same_golden_frames(tmp_path: Path) -> None:
    bundle = store.locate(ROOT / "models").bundle
    size_bytes = sum(record.size for record in store.verify(bundle).files.values()) + MORE_BYTES
    out = tmp_path / f"{bundle.name}-large"
    written = enlarge(bundle, out, size_bytes=size_bytes)
    assert store.verify(out) == written
    assert written.version == out.name
    assert sum(record.size for record in written.files.values()) == pytest.approx(size_bytes, rel=0.01)
    assert written.files[written.golden] == store.verify(bundle).files[written.golden]
    load(out, device="cpu").check_golden()


def test_a_bundle_that_is_larger_already_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MeasurementFailed, match="expected fewer than 1000"):
        enlarge(store.locate(ROOT / "models").bundle, tmp_path / "large", size_bytes=1000)


def test_a_bundle_without_a_table_of_words_is_refused(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "models" / "words" / "1")
    with pytest.raises(MeasurementFailed, match="found no embed graph"):
        enlarge(bundle, tmp_path / "large", size_bytes=1_000_000)
