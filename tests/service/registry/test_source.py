"""What is wished stands in a model's state.json; without one its only version is wished, and a bundle alone for ever."""

import os
import shutil
from pathlib import Path

import pytest

from polyparse.bundle import state
from polyparse.bundle.state import Canary, DesiredState, Pointer, Shadow
from polyparse.bundle.store import Located
from polyparse.errors import BundleNotFound, StateInvalid
from service.registry.policy import WishedCanary, WishedShadow
from service.registry.source import StateSource
from tests.bundles import write_bundle


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model with two versions and no state."""
    for version in "12":
        write_bundle(tmp_path / "models" / "words" / version)
    return tmp_path / "models" / "words"


def test_the_state_names_the_stable_version_the_one_before_and_its_own_generation(model: Path) -> None:
    state.write(
        model, DesiredState(schema=2, generation=7, stable=Pointer("2", "abc"), previous=Pointer("1", "def"))
    )
    source = StateSource(model.parent, None)
    assert source.model == model
    assert source.read()[:3] == (Located(model / "2", "abc"), Located(model / "1", "def"), 7)
    shutil.rmtree(model / "2")
    assert source.read().stable == Located(model / "2", "abc")


def test_without_a_state_the_only_version_is_wished_and_none_of_several(model: Path) -> None:
    with pytest.raises(BundleNotFound, match=r"found 1, 2, expected state\.json"):
        StateSource(model.parent, "words").read()
    shutil.rmtree(model / "2")
    assert StateSource(model, None).read()[:3] == (Located(model / "1", None), None, None)


def test_a_bundle_is_wished_for_ever(model: Path) -> None:
    assert StateSource(model / "1", None).read()[:3] == (Located(model / "1", None), None, None)


def test_a_state_that_cannot_be_read_is_no_wish(model: Path) -> None:
    model.joinpath("state.json").write_text("{")
    with pytest.raises(StateInvalid, match=r"state\.json"):
        StateSource(model, None).read()


def test_the_revision_tells_that_files_of_the_bundle_have_changed(model: Path) -> None:
    source = StateSource(model / "1", None)
    before = source.read()
    assert source.read() == before
    model.joinpath("1", "score.onnx").write_bytes(b"damaged")
    assert source.read() != before
    shutil.rmtree(model)
    assert source.read().revision is not None


def test_a_state_that_is_gone_is_no_wish_for_the_version_that_is_left(model: Path) -> None:
    state.write(model, DesiredState(schema=2, generation=1, stable=Pointer("2", "abc"), previous=None))
    source = StateSource(model, None)
    before = source.read()
    shutil.rmtree(model / "2")
    content = model.joinpath("state.json").read_bytes()
    model.joinpath("state.json").unlink()
    with pytest.raises(
        StateInvalid, match=r"state\.json: found nothing, expected .*; restore it, or promote"
    ):
        source.read()
    model.joinpath("state.json").write_bytes(content)
    assert source.read().stable == before.stable


def test_a_repair_shows_whatever_time_the_copied_file_bears(model: Path) -> None:
    source, file = StateSource(model / "1", None), model / "1" / "score.onnx"
    stat, content, before = file.stat(), file.read_bytes(), source.read()
    while source.read() == before:  # The file system's clock may be coarse.
        file.write_bytes(content)
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    before = source.read()
    while source.read() == before:
        file.chmod(0o600)


def with_candidates(model: Path, percent: float = 5.0) -> None:
    """Write a state with version 2 as canary and as shadow."""
    state.write(
        model,
        DesiredState(
            schema=2,
            generation=8,
            stable=Pointer("1", "abc"),
            previous=None,
            canary=Canary("2", "def", percent),
            shadow=Shadow("2", "def", 0.25),
        ),
    )


def test_the_state_names_the_candidates_and_their_shares(model: Path) -> None:
    with_candidates(model)
    desired = StateSource(model.parent, None).read()
    assert desired.canary == WishedCanary(Located(model / "2", "def"), 5.0)
    assert desired.shadow == WishedShadow(Located(model / "2", "def"), 0.25)
    assert desired.candidates == (Located(model / "2", "def"),) * 2


def test_the_revision_tells_of_the_files_of_candidates_too(model: Path) -> None:
    with_candidates(model)
    source = StateSource(model.parent, None)
    before = source.read()
    assert source.read() == before
    model.joinpath("2", "score.onnx").write_bytes(b"damaged")
    assert source.read().revision != before.revision
