"""What is not exported, and why: the reason is named, and neither a bundle nor a part of one nor a folder is left."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from model_export.graphs.encoders import ENCODERS
from polyparse.bundle import golden
from polyparse.errors import BundleError, ConfigError, GateFailed
from tests.model_export.checkpoints import CONFIG, export, untrained
from tests.train import corpus
from train.checkpoint import Checkpoint
from train.models.encoders.linear import TokenLinear

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("head", ["softmax", "ain", "ain-f2o"])
def test_no_other_head_is_approximated(head: str, tmp_path: Path) -> None:
    config = replace(CONFIG, joint=replace(CONFIG.joint, head=head))
    checkpoint = untrained(tmp_path / "run", config)
    with pytest.raises(ConfigError, match=r"--approximate ain: found .*, expected a CRF"):
        export(checkpoint, tmp_path / "models" / "1", approximate="ain")
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("occupy", [Path.mkdir, Path.touch])
def test_what_exists_is_never_overwritten(
    occupy: Callable[[Path], None], checkpoint: Checkpoint, tmp_path: Path
) -> None:
    occupy(tmp_path / "1")
    with pytest.raises(ConfigError, match=r"1: found a file or folder, expected none"):
        export(checkpoint, tmp_path / "1")
    assert list(tmp_path.iterdir()) == [tmp_path / "1"]


def test_an_unfinished_run_is_refused(checkpoint: Checkpoint, tmp_path: Path) -> None:
    unfinished = Path(shutil.copytree(checkpoint.folder, tmp_path / "run"))
    (unfinished / "measures.json").unlink()
    for folder in (unfinished, tmp_path / "absent"):
        with pytest.raises(ConfigError, match=rf"{folder}: found no measures.json, expected a finished run"):
            export(Checkpoint(folder), tmp_path / "1")
    assert list(tmp_path.iterdir()) == [unfinished]


def test_a_run_without_a_dev_utterance_is_refused(tmp_path: Path) -> None:
    """Gates over nothing would let anything pass."""
    dev = [replace(corpus.examples("dev")[0], text="\u200d", slots=())]
    checkpoint = untrained(tmp_path / "run", CONFIG, dev=dev)
    with pytest.raises(ConfigError, match="found no utterance with a token, expected at least one"):
        export(checkpoint, tmp_path / "1")


def assert_fails(checkpoint: Checkpoint, tmp_path: Path, message: str) -> None:
    """The bundle is refused by name, and neither it, nor a part of it, nor a new folder is left."""
    out = tmp_path / "models" / "tiny" / "1"
    before = set(tmp_path.rglob("*"))
    with pytest.raises(GateFailed, match=message) as refused:
        export(checkpoint, out)
    assert refused.value.file == out
    assert set(tmp_path.rglob("*")) == before


def test_a_graph_that_computes_something_else_fails_gate_1(
    checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a mistake in an encoder's nodes would."""
    right = ENCODERS[TokenLinear]
    wrong = right._replace(
        nodes=lambda layers, encoder, hidden, layout: right.nodes(
            layers, encoder, layers.gelu(hidden), layout
        )
    )
    monkeypatch.setitem(ENCODERS, TokenLinear, wrong)
    assert_fails(checkpoint, tmp_path, "float graph: ")


def test_a_network_that_small_storage_ruins_fails_gate_2(checkpoint: Checkpoint, tmp_path: Path) -> None:
    """One column of the word table is huge and unread: the float graph does not mind, eight bits have no room left."""
    ruined = Checkpoint(Path(shutil.copytree(checkpoint.folder, tmp_path / "run")))
    weights = ruined.find("network-0")
    assert weights is not None
    weights["embedder.words.weight"][2:, 0] = 1e4
    weights["encoder.projection.weight"][:, 0] = 0.0
    ruined.save("network-0", weights)
    assert_fails(ruined, tmp_path, "exact match: found 0.* from the shipped bytes, expected 1.0000")
    export(ruined, tmp_path / "float", precision="float32")


NOT_FINITE = {
    "intent.output.bias": (float("nan"), "float32"),
    "slots.hidden.weight": (float("inf"), "float32"),
    "head.transitions_KK": (float("nan"), "float32"),
    "embedder.words.weight": (float("nan"), "float32"),
    "encoder.projection.weight": (1e5, "float16"),
}


@pytest.mark.parametrize("name", NOT_FINITE)
def test_a_network_that_diverged_is_refused_by_the_name_of_its_weights(
    name: str, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    """Both runtimes would agree on what it answers, and with a confidence of 1."""
    value, store = NOT_FINITE[name]
    diverged = Checkpoint(Path(shutil.copytree(checkpoint.folder, tmp_path / "run")))
    weights = diverged.find("network-0")
    assert weights is not None
    weights[name].view(-1)[-1] = value
    diverged.save("network-0", weights)
    message = f"{name}: found values that are not finite in {store}, expected finite ones"
    with pytest.raises(ConfigError, match=message):
        export(diverged, tmp_path / "models" / "1")
    assert not (tmp_path / "models").exists()


def test_a_model_that_does_not_know_the_written_utterances_fails(
    checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were these domains MASSIVE's, the utterances written for those would be asked."""
    monkeypatch.setattr("model_export.bundle.dataset_info.MASSIVE_DOMAINS", set(checkpoint.labels().domains))
    assert_fails(checkpoint, tmp_path, "golden frames: found [0-9]+ of en-US")


def test_a_bundle_that_disagrees_with_its_golden_frames_is_not_written(
    checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(golden, "TOLERANCE", -1.0)
    before = set(tmp_path.rglob("*"))
    with pytest.raises(BundleError, match="golden"):
        export(checkpoint, tmp_path / "models" / "1")
    assert set(tmp_path.rglob("*")) == before
