"""The shipped models: large teachers, and small students that learn from their pool."""

from __future__ import annotations

from dataclasses import replace

from train.config import OptimConfig, RunConfig
from train.models.embedder import EmbedderConfig
from train.models.encoders.base import EncoderConfig
from train.models.joint import JointConfig
from train.noise import NoiseConfig
from train.recipes.stm import stm
from train.swap import SwapConfig

NOISE = NoiseConfig(typo=0.06, diacritics=0.04, function_word=0.06, code_mixing=0.1, romanised=0.25)


def teacher() -> RunConfig:
    """A larger `stm` with slot values swapped, to be pooled with others of other seeds."""
    base = stm()
    embedder = replace(
        base.joint.embedder, word_size=200, character_filters=80, min_word_count=1, word_dropout=0.15
    )
    joint = replace(base.joint, embedder=embedder, encoder=EncoderConfig(hidden_size=320), mlp_size=320)
    return replace(
        base,
        recipe="teacher",
        joint=joint,
        swap=SwapConfig(utterances=0.3),
        optim=OptimConfig(epochs=16, patience=16, precision="bfloat16"),
    )


def student() -> RunConfig:
    """A biLSTM-CRF of a third of `stm`'s work, to be trained with --teacher."""
    return replace(
        stm(),
        recipe="student",
        joint=JointConfig(
            embedder=EmbedderConfig(word_size=128, character_filters=40, word_dropout=0.1),
            encoder=EncoderConfig(hidden_size=160, dropout=0.25),
            mlp_size=160,
            embedding_dropout=0.2,
            mlp_dropout=0.2,
        ),
        noise=NOISE,
        optim=OptimConfig(learning_rate=3e-3, batch_size=128, epochs=16, patience=16, precision="bfloat16"),
    )
