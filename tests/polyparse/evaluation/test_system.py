"""What is evaluated: bundles and checkpoints answer alike, say what they are, and are refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from polyparse.bundle import store as bundle
from polyparse.contract.frame import Utterance
from polyparse.errors import BundleError, ConfigError, DeviceUnavailable
from polyparse.evaluation.system import in_words, open_bundle, open_checkpoint
from polyparse.inference.routing import Routing
from tests.bundles import GOLDEN, write_bundle

if TYPE_CHECKING:
    from pathlib import Path

    from train.checkpoint import Checkpoint


@pytest.fixture
def models(tmp_path: Path) -> Path:
    write_bundle(tmp_path / "words" / "1")
    return tmp_path


@pytest.mark.parametrize("place", [".", "words", "words/1"])
def test_a_bundle_is_found_in_whatever_holds_it(models: Path, place: str) -> None:
    subject = open_bundle(models / place, "cpu")
    folder = models / "words" / "1"
    assert subject.title == "words 1"
    assert subject.facts["Bundle"] == str(folder)
    assert subject.facts["Digest (sha256)"] == bundle.digest(folder)
    assert (subject.facts["Model"], subject.facts["Version"]) == ("words", "1")
    assert subject.facts["Run by"] == "ONNX Runtime on cpu"


def test_a_bundle_answers(models: Path) -> None:
    subject = open_bundle(models, "cpu")
    (frame,) = subject.run([subject.prepare(Utterance(GOLDEN[0].text, "en-US"))]).frames
    assert frame.intent is not None
    assert frame.intent.name == GOLDEN[0].intent


def test_a_locale_is_served_by_language_or_else_by_none(models: Path) -> None:
    subject = open_bundle(models, "cpu")
    assert [subject.served(locale) for locale in ("en-US", "en-GB", "fr-FR")] == ["en-US", "en-US", None]


def test_a_folder_without_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="found nothing, expected"):
        open_bundle(tmp_path, "cpu")


def test_a_checkpoint_answers_in_any_locale(checkpoint: Checkpoint) -> None:
    subject = open_checkpoint(checkpoint.folder, "auto")
    example = checkpoint.dev()[0]
    (frame,) = subject.run([subject.prepare(Utterance(example.text, example.locale))]).frames
    assert frame.intent is not None
    assert frame.intent.name == example.intent
    assert subject.served("xx-XX") == "xx-XX"
    assert subject.facts["Checkpoint"] == str(checkpoint.folder)
    assert subject.facts["Run by"] == "PyTorch on cpu"


def test_a_checkpoint_does_not_run_on_a_gpu(checkpoint: Checkpoint) -> None:
    with pytest.raises(DeviceUnavailable, match="--device cuda: found a checkpoint, expected a bundle"):
        open_checkpoint(checkpoint.folder, "cuda")


def test_what_is_no_checkpoint_or_an_unfinished_one_is_refused(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    with pytest.raises(ConfigError, match=r"found no run\.json, expected a checkpoint folder"):
        open_checkpoint(tmp_path, "cpu")
    (tmp_path / "run.json").write_bytes((checkpoint.folder / "run.json").read_bytes())
    with pytest.raises(ConfigError, match="found a run that has not ended"):
        open_checkpoint(tmp_path, "cpu")


@pytest.mark.parametrize(
    ("routing", "topology", "words"),
    [
        (
            Routing("soft", 0.6, "intents"),
            "shared",
            "soft, lambda 0.6 on the joint network, domain classifier over intents, shared network",
        ),
        (Routing("hard", 0.6, "domains"), "shared", "hard, domain classifier over domains, shared network"),
        (
            Routing("soft", 0.6, "intents"),
            "per-domain",
            "hard, domain classifier over intents, per-domain network",
        ),
        (Routing("soft", 1.0, "none"), "shared", "shared network, without a domain classifier"),
    ],
)
def test_routing_is_said_in_words(routing: Routing, topology: str, words: str) -> None:
    assert in_words(routing, topology) == words
