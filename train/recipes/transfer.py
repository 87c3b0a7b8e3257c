"""Transfer between languages (Tan & Golovneva 2020): STM in the size of studies, and what starts from a run of it.

A plan says of each block of parameters where it starts and how it learns. Blocks that are copied and free learn at half of
the rate of fresh ones. A source is trained with its words frozen (`--set joint.embedder.freeze_words=true`), so that their
space stays that of aligned vectors, into which new words are turned. The paper is silent on when and how much of the words'
rate EncVLRTL gives; these are the steps of ours.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from train.config import BlockStart, OptimConfig, ParameterGroup, RunConfig
from train.models.embedder import EmbedderConfig
from train.models.encoders.base import EncoderConfig
from train.models.joint import JointConfig
from train.models.maxent import MaxEntConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

COPIED = 0.5
FROZEN = 0.0
STEPS = ((1 / 8, 1 / 4), (2 / 8, 1 / 2), (3 / 8, 1.0))
"""Nothing for the first eighth of the updates, then a quarter, half and all of the rate."""


class Block(NamedTuple):
    """Parameters by a pattern of their names: where they start, their factor of the learning rate, its steps."""

    pattern: str
    start: Literal["copy", "by aligned word", "by character", "by label", "fresh"]
    rate: float = 1.0
    ramp: tuple[tuple[float, float], ...] = ()


WORDS = Block("embedder.words.*", "by aligned word", COPIED)
CHARACTERS = (
    Block("embedder.characters.*", "by character", COPIED),
    Block("embedder.filters.*", "copy", COPIED),
)
FROZEN_ENCODER = Block("encoder.*", "copy", FROZEN)
FRESH_DECODERS = (Block("intent.*", "fresh"), Block("slots.*", "fresh"), Block("head.*", "fresh"))
DECODERS_BY_LABEL = (
    Block("*.hidden.*", "copy", COPIED),
    Block("*.output.*", "by label", COPIED),
    Block("head.*", "by label", COPIED),
)
ENCTL = (WORDS, *CHARACTERS, FROZEN_ENCODER, *FRESH_DECODERS)
ENCVLRTL = (WORDS._replace(ramp=STEPS), *CHARACTERS, FROZEN_ENCODER, *FRESH_DECODERS)
ENCDECTL = (WORDS, *CHARACTERS, Block("encoder.*", "copy", COPIED), *DECODERS_BY_LABEL)


def stm_study() -> RunConfig:
    """STM as studies of transfer have it: small, IO tags, hard routing by a MaxEnt over domains, no averaged weights."""
    return RunConfig(
        recipe="stm-study",
        scheme="IO",
        routing="hard",
        classifier=MaxEntConfig(classes="domains"),
        joint=JointConfig(
            embedder=EmbedderConfig(word_size=100, character_filters=30, word_vectors="aligned"),
            encoder=EncoderConfig(hidden_size=100, dropout=0.3),
            mlp_size=100,
        ),
        optim=OptimConfig(epochs=20, patience=5, average_decay=0.0),
    )


def enctl() -> RunConfig:
    """EncTL, with --start RUN: its words, characters and encoder, which is frozen; new decoders."""
    return _started("enctl", ENCTL)


def encvlrtl() -> RunConfig:
    """EncVLRTL, with --start RUN: `enctl`, but the rate of words begins at zero and rises in steps."""
    return _started("encvlrtl", ENCVLRTL)


def encdectl() -> RunConfig:
    """EncDecTL, with --start RUN: all of its network, decoders by label; new labels are added to them."""
    return _started("encdectl", ENCDECTL)


def _started(recipe: str, blocks: Sequence[Block]) -> RunConfig:
    """`stm-study` for 12 epochs that starts and learns as the blocks say."""
    base = stm_study()
    return replace(
        base,
        recipe=recipe,
        init=tuple(BlockStart(pattern=block.pattern, start=block.start) for block in blocks),
        optim=replace(
            base.optim,
            epochs=12,
            groups=tuple(
                ParameterGroup(pattern=block.pattern, rate=block.rate, ramp=block.ramp) for block in blocks
            ),
        ),
    )
