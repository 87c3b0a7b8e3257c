"""A faulty version gives the frames of the sound one, but for texts of a length that nothing tries before callers do."""

from pathlib import Path

import pytest

from benchmarks.gameday import faulty_bundle
from benchmarks.gameday.faulty_bundle import LONG
from polyparse.bundle import store
from polyparse.contract.frame import Frame, Utterance
from polyparse.errors import BundleError, ModelRunFailed
from polyparse.runtime.load import load
from service.registry.load_warm import load_warm, stepped_shapes
from tests.bundles import write_bundle

TEXTS = [
    " ".join((["wake", "me", "at", "seven"] * LONG.stop)[:words]) for words in (4, LONG.start - 1, LONG.stop)
]
LONG_TEXT = " ".join((["wake", "me", "at", "seven"] * LONG.stop)[: LONG.start])


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "words" / "1")


def frames(bundle: Path, texts: list[str]) -> list[Frame]:
    parser = load(bundle, digest=None, device="cpu", threads=1).parser
    return [frame for text in texts for frame in parser.parse([Utterance(text, None)])]


def test_a_load_tries_no_length_that_does_harm() -> None:
    assert not {tokens for tokens, _ in stepped_shapes(512)} & set(LONG)


def test_a_slow_version_gives_the_same_frames(bundle: Path) -> None:
    faulty_bundle.slow(bundle, bundle.with_name("slow"))
    texts = [*TEXTS, LONG_TEXT]
    assert frames(bundle.with_name("slow"), texts) == frames(bundle, texts)


def test_a_failing_version_loads_and_fails_on_long_texts_alone(bundle: Path) -> None:
    failing = bundle.with_name("failing")
    faulty_bundle.failing(bundle, failing)
    loaded = load_warm(store.Located(failing, store.digest(failing)), device="cpu", batch_tokens=512)
    assert loaded.identity.version == "failing"
    assert frames(failing, TEXTS) == frames(bundle, TEXTS)
    with pytest.raises(ModelRunFailed, match="Gather"):
        frames(failing, [LONG_TEXT])


def test_a_damaged_version_is_what_its_digest_says_and_is_refused_all_the_same(bundle: Path) -> None:
    damaged = bundle.with_name("damaged")
    digest = faulty_bundle.damaged(bundle, damaged)
    with pytest.raises(BundleError, match="found sha256"):
        store.verify(damaged, digest=digest)
