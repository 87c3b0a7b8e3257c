"""An assistant of a few utterances of each intent, which starts from a network that has seen many of others."""

from __future__ import annotations

from dataclasses import replace

from polyparse.corpora.augmentation.slot_swap import SwapConfig
from train.config import BlockStart, OptimConfig, ParameterGroup, RunConfig
from train.recipes.distilled import student_continued

PLAN = (
    BlockStart(pattern="embedder.words.*", start="by word"),
    BlockStart(pattern="embedder.characters.*", start="by character"),
    BlockStart(pattern="embedder.filters.*", start="copy"),
    BlockStart(pattern="encoder.*", start="copy"),
    BlockStart(pattern="*.hidden.*", start="copy"),
    BlockStart(pattern="*.output.*", start="fresh"),
    BlockStart(pattern="head.*", start="fresh"),
)
"""What reads words is taken as it is; what answers is new, for the labels are others."""

NEVER = 1_000_000
"""How often a word must occur that the start lacks: an unknown word's vector was learnt, one of its own would not be."""


def few() -> RunConfig:
    """A few utterances of each intent, with --start BUNDLE or RUN: its words and encoder, new decoders."""
    base = student_continued()
    joint = replace(
        base.joint,
        embedder=replace(base.joint.embedder, word_vectors="random", freeze_words=True, min_word_count=NEVER),
        outside_bias=0.0,
    )
    return RunConfig(
        recipe="few",
        scheme="IO",
        joint_weight=0.5,
        joint=joint,
        init=PLAN,
        keeps_words=True,
        swap=SwapConfig(utterances=0.5, foreign=0.0),
        optim=OptimConfig(
            learning_rate=4e-3,
            batch_size=32,
            epochs=10,
            min_steps=12,
            average_decay=0.95,
            groups=(
                ParameterGroup(pattern="embedder.*", rate=0.0),
                ParameterGroup(pattern="encoder.*", rate=0.0),
            ),
        ),
    )
