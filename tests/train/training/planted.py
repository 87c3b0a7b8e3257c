"""Planted languages: recipes of zero-resource transfer at a size at which they learn in seconds, and how they are judged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from polyparse.evaluation.evaluate import measure
from train.finished import parser_of
from train.models.discriminator import DiscriminatorConfig, LanguagesConfig
from train.recipes import RECIPES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from polyparse.corpora.example import Example
    from train.checkpoint import Checkpoint
    from train.config import RunConfig
    from train.models.encoders.base import EncoderConfig

AGAINST = DiscriminatorConfig(weight=0.1, filters=8, hidden_size=8, dropout=0.0, updates=2)


@dataclass(frozen=True)
class Size:
    """Of word vectors, of filters over characters, of every encoder and MLP, and how many epochs."""

    words: int
    filters: int
    hidden: int
    epochs: int


def small(name: str, file: Path, size: Size, *, weight: float = AGAINST.weight) -> RunConfig:
    """The recipe at that size, with the vectors of a file; `weight` is lambda."""
    config = RECIPES[name]()
    embedder = replace(
        config.joint.embedder,
        word_size=size.words,
        word_vectors=str(file),
        character_size=4,
        character_filters=size.filters,
        min_word_count=1,
        min_character_count=1,
    )
    joint = replace(
        config.joint,
        embedder=embedder,
        encoder=_shrunken(config.joint.encoder, size.hidden),
        mlp_size=size.hidden,
        embedding_dropout=0.0,
        mlp_dropout=0.0,
    )
    languages = config.languages or LanguagesConfig()
    if languages.discriminator is not None:
        languages = replace(languages, discriminator=replace(AGAINST, weight=weight))
    optim = replace(config.optim, learning_rate=0.01, batch_size=16, epochs=size.epochs, patience=size.epochs)
    return replace(config, joint=joint, languages=languages, optim=optim)


def _shrunken(encoder: EncoderConfig, hidden: int) -> EncoderConfig:
    if encoder.parts:
        return replace(encoder, parts={name: _shrunken(part, hidden) for name, part in encoder.parts.items()})
    return replace(encoder, hidden_size=hidden, layers=1, dropout=0.0)


def write_vectors(path: Path, vectors: Mapping[str, NDArray[np.float64]]) -> Path:
    """A file of word vectors, by word."""
    size = len(next(iter(vectors.values())))
    lines = [f"{word} {' '.join(f'{value:.5f}' for value in vector)}" for word, vector in vectors.items()]
    path.write_text("\n".join([f"{len(vectors)} {size}", *lines]) + "\n", encoding="utf-8")
    return path


def match(checkpoint: Checkpoint, test: Sequence[Example]) -> float:
    """Exact match."""
    frames = parser_of(checkpoint).parse([example.utterance for example in test])
    return float(measure(test, frames)["mean"]["exact_match"])
