"""What a run can start from, a finished run or a bundle, and what is asked of either."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from train.bundle_start import BundleStart, is_bundle, open_bundle
from train.checkpoint import Checkpoint

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.contract.labels import Labels
    from polyparse.text.vocabulary import Vocabulary
    from train.models.embedder import EmbedderConfig

Start: TypeAlias = Checkpoint | BundleStart


def open_start(folder: Path) -> Start:
    """A verified bundle, where the folder holds one, else a run; raises what `open_bundle` raises."""
    return open_bundle(folder) if is_bundle(folder) else Checkpoint(folder)


def recipe_of(start: Start) -> str:
    """By which recipe its network was trained."""
    return start.recipe if isinstance(start, BundleStart) else start.run().config.recipe


def labels_of(start: Start) -> Labels:
    """All of its labels."""
    return start.labels if isinstance(start, BundleStart) else start.labels()


def vocabulary_of(start: Start) -> Vocabulary:
    """The words and characters that its tables have rows of."""
    if isinstance(start, BundleStart):
        return start.vocabulary()
    return without_outside_words(start.tables().vocabulary, start.run().config.joint.embedder)


def without_outside_words(vocabulary: Vocabulary, embedder: EmbedderConfig) -> Vocabulary:
    """The words that have a row of their own in a network's table; those that were added from outside stand last."""
    return replace(vocabulary, words=vocabulary.words[: len(vocabulary.words) - embedder.outside_words])
