"""Transfer by learning two tasks at once (Yang, Salakhutdinov & Cohen 2017): T-A, T-B, T-C, and the target alone.

The run's own corpus is the target; the source is another task (--also source=CORPUS). Each update is on a batch of one of
them, drawn anew; what the networks share has one AdaGrad sum. The target's slot F1 chooses and stops, and the target's
network is what is kept. The sizes are those that train on two cores in minutes.
"""

from __future__ import annotations

from dataclasses import replace

from polyparse.corpora.selection.config import DataConfig
from train.config import OptimConfig, RunConfig
from train.models.embedder import EmbedderConfig
from train.models.encoders.base import EncoderConfig
from train.models.joint import JointConfig
from train.models.sharing import SharingConfig

CHARACTERS = ("embedder.characters", "embedder.character_gru")


def t_none() -> RunConfig:
    """The network of `t-a`, `t-b` and `t-c` without a source: what they are compared with."""
    return RunConfig(
        recipe="t-none",
        data=DataConfig(choose_on="held", inventory="all"),
        slots_only=True,
        select="slot_f1",
        classifier=None,
        joint=JointConfig(
            embedder=EmbedderConfig(
                word_size=50, character_size=25, character_filters=0, character_gru=30, word_dropout=0.0
            ),
            encoder=EncoderConfig(kind="bigru", hidden_size=100, layers=2, dropout=0.0),
            head="margin-crf",
            mlp_size=0,
            embedding_dropout=0.0,
            mlp_dropout=0.0,
        ),
        optim=OptimConfig(
            optimiser="adagrad",
            schedule="constant",
            learning_rate=0.02,
            weight_decay=0.0,
            batch_size=16,
            padded=True,
            epochs=10,
            epoch_steps=250,
            patience=5,
            warmup_share=0.0,
            clip_norm=None,
            average_decay=0.0,
        ),
    )


def t_a() -> RunConfig:
    """All is shared: slots of the source are the target's of the same name, or by `sharing.slot_map`, or none."""
    shared = SharingConfig(parts=("embedder", "encoder", "slots", "head"), slot_map={}, keeps_others=False)
    return replace(t_none(), recipe="t-a", sharing=shared)


def t_b() -> RunConfig:
    """Words, characters and the encoder are shared; each task has emissions and a CRF for its own labels."""
    shared = SharingConfig(parts=("embedder", "encoder"), keeps_others=False)
    return replace(t_none(), recipe="t-b", sharing=shared)


def t_c() -> RunConfig:
    """What reads the characters of a word is shared, between languages whose words are others."""
    return replace(t_none(), recipe="t-c", sharing=SharingConfig(parts=CHARACTERS, keeps_others=False))
