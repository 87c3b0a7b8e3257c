"""The reference is the checkpoint in PyTorch, over the dev utterances that have a token."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from model_export.gates.reference import Reference
from polyparse.errors import ConfigError
from tests.model_export.checkpoints import CONFIG, untrained
from tests.train import corpus
from train.finished import networks_of, parser_of
from train.models.heads.ain_first import AinFirst
from train.models.heads.crf import Crf

if TYPE_CHECKING:
    from pathlib import Path

    from train.checkpoint import Checkpoint


def test_each_dev_utterance_with_a_token_has_its_example_its_item_and_its_frame(tmp_path: Path) -> None:
    dev = corpus.examples("dev")
    blank = replace(dev[0], text="\u200d", slots=())
    reference = Reference(untrained(tmp_path / "run", CONFIG, dev=[dev[0], blank, *dev[1:]]), None)
    assert reference.examples == dev
    assert [item.utterance for item in reference.items] == [example.utterance for example in dev]
    assert [frame.text for frame in reference.frames] == [example.text for example in dev]


def test_its_frames_are_the_checkpoints(checkpoint: Checkpoint) -> None:
    reference, parser = Reference(checkpoint, None), parser_of(checkpoint)
    items = [parser.vectorizer.item(example.utterance) for example in checkpoint.dev()]
    assert reference.frames == parser.run_all(items)


def test_an_approximated_head_decodes_its_frames_and_the_checkpoint_keeps_its_own(
    checkpoint: Checkpoint,
) -> None:
    reference = Reference(checkpoint, "ain")
    assert isinstance(reference.networks[0].head, AinFirst)
    exact = [frame.confidence for frame in Reference(checkpoint, None).frames]
    assert [frame.confidence for frame in reference.frames] != exact
    assert isinstance(networks_of(checkpoint)[0].head, Crf)


def test_dev_without_any_token_is_refused(tmp_path: Path) -> None:
    """Gates over nothing would let anything pass."""
    blank = replace(corpus.examples("dev")[0], text="\u200d", slots=())
    checkpoint = untrained(tmp_path / "run", CONFIG, dev=[blank])
    with pytest.raises(ConfigError, match="found no utterance with a token, expected at least one"):
        Reference(checkpoint, None)
