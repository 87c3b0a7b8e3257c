"""Zero-resource transfer from several source languages (Chen et al. 2019), at the size that trains on a core in minutes.

The locales of `data.unlabelled` are read as text alone, of other ids than those that are learnt; nothing of them has a
label in training or choosing. All other locales are sources, and each has an expert: `joint.experts` and `experts` of the
private encoder are their number. A batch is of one language; the discriminator learns at the network's rate. Word vectors
are fixed, and aligned by translations of what is learnt. For no supervision of that kind: --set
joint.embedder.word_vectors=FILE.vec.
"""

from __future__ import annotations

from dataclasses import replace

from polyparse.corpora.selection.config import DataConfig, SubsetConfig, UnlabelledConfig
from train.config import OptimConfig, RunConfig
from train.models.discriminator import DiscriminatorConfig, LanguagesConfig
from train.models.embedder import EmbedderConfig
from train.models.encoders.base import EncoderConfig
from train.models.joint import JointConfig

SOURCES = 3
SHARED = EncoderConfig(hidden_size=50, dropout=0.3)
"""A biLSTM of 100 in both directions together; the private one is as large. MLPs are as large as what they read."""


def man_moe() -> RunConfig:
    """Three source languages and texts of a target: a shared encoder against a language discriminator, gated experts."""
    private = replace(SHARED, kind="expert-bilstm", experts=SOURCES)
    return RunConfig(
        recipe="man-moe",
        data=DataConfig(
            choose_on="held", subset=SubsetConfig(size=0.5), unlabelled=UnlabelledConfig(locales=("hi-IN",))
        ),
        scheme="IO",
        classifier=None,
        joint=JointConfig(
            embedder=EmbedderConfig(
                character_filters=30, word_vectors="aligned", freeze_words=True, word_dropout=0.0
            ),
            encoder=EncoderConfig(kind="parallel", parts={"shared": SHARED, "private": private}),
            head="softmax",
            mlp_size=200,
            experts=SOURCES,
        ),
        optim=OptimConfig(
            schedule="constant",
            learning_rate=2e-3,
            weight_decay=1e-8,
            batch_size=32,
            epochs=8,
            patience=8,
            warmup_share=0.0,
            average_decay=0.0,
        ),
        languages=LanguagesConfig(discriminator=DiscriminatorConfig()),
    )


def man_without_experts() -> RunConfig:
    """`man-moe` with one expert everywhere, so that nothing is mixed and no gate learns."""
    base = man_moe()
    encoder = base.joint.encoder
    private = replace(encoder.parts["private"], experts=1)
    encoder = replace(encoder, parts={**encoder.parts, "private": private})
    return replace(base, recipe="man-without-experts", joint=replace(base.joint, encoder=encoder, experts=1))


def moe_without_man() -> RunConfig:
    """`man-moe` without the discriminator: experts and gates alone."""
    return replace(man_moe(), recipe="moe-without-man", languages=LanguagesConfig())


def sources_only() -> RunConfig:
    """What `man-moe` is compared with: its shared biLSTM and one MLP each, from the same batches, nothing of the target."""
    base = man_moe()
    joint = replace(base.joint, encoder=SHARED, experts=1, mlp_size=100)
    return replace(base, recipe="sources-only", joint=joint, languages=LanguagesConfig())
