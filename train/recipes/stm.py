"""Self-trained multilingual models (STM, Tan & Golovneva 2020) in several sizes and variants."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from polyparse.corpora.augmentation.slot_swap import SwapConfig
from train.config import OptimConfig, RunConfig
from train.models.embedder import EmbedderConfig
from train.models.encoders.base import EncoderConfig
from train.models.joint import JointConfig
from train.models.maxent import MaxEntConfig


def stm() -> RunConfig:
    """One biLSTM-CRF for all domains and languages beside a MaxEnt over intents, sized for a 10 MB bundle.

    IO tags, because no two adjacent spans of MASSIVE have the same slot: half as many tags as BIO, a quarter of Viterbi's
    work, and 0.009 more exact match on dev after three epochs (0.547, BIO 0.537). For a corpus with such spans: --set
    scheme=BIO.
    """
    return RunConfig(
        recipe="stm",
        scheme="IO",
        joint=JointConfig(
            embedder=EmbedderConfig(word_size=160, character_filters=50, word_dropout=0.1),
            encoder=EncoderConfig(hidden_size=256),
            mlp_size=256,
        ),
        optim=OptimConfig(epochs=14),
    )


def stm_fasttext() -> RunConfig:
    """`stm` with word vectors initialised by fastText, trained on the corpus itself."""
    base = stm()
    embedder = replace(base.joint.embedder, word_vectors="fasttext")
    return replace(base, recipe="stm-fasttext", joint=replace(base.joint, embedder=embedder))


def stm_softmax() -> RunConfig:
    """`stm` with a softmax over each token's tags in place of the CRF."""
    return replace(stm(), recipe="stm-softmax", joint=replace(stm().joint, head="softmax"))


def word_cnn() -> RunConfig:
    """AIN's WORD-CNN: one convolution of 512 filters over word vectors, no characters, and a CRF."""
    return replace(stm(), recipe="word-cnn", joint=_word_only("cnn"))


def word_linear() -> RunConfig:
    """AIN's WORD ONLY: one linear layer over word vectors, no characters, and a CRF."""
    return replace(stm(), recipe="word-linear", joint=_word_only("linear"))


def stm_small() -> RunConfig:
    """`stm` for corpora of some dozens to a few thousand utterances: smaller, with more epochs, slot values swapped.

    Sixty utterances are too few for an epoch of one pass: 40 x 7 steps learn half of what 40 x 25 learn. They are too few as
    well to show each value in each place where it may stand, which swapping does.
    """
    return RunConfig(
        recipe="stm-small",
        joint=JointConfig(
            embedder=EmbedderConfig(min_word_count=1), encoder=EncoderConfig(hidden_size=100), mlp_size=100
        ),
        optim=OptimConfig(batch_size=32, epochs=40, min_steps=25, patience=8),
        swap=SwapConfig(utterances=0.5, foreign=0.0),
        folds=3,
    )


def stm_paper() -> RunConfig:
    """The paper's sizes: 512 in every hidden layer, up to 160 epochs; hard routing by a MaxEnt over domains."""
    return RunConfig(
        recipe="stm-paper",
        topology="per-domain",
        routing="hard",
        classifier=MaxEntConfig(classes="domains"),
        joint=JointConfig(
            embedder=EmbedderConfig(word_size=300, word_vectors="fasttext"),
            encoder=EncoderConfig(hidden_size=512),
            mlp_size=512,
        ),
        optim=OptimConfig(learning_rate=1e-3, epochs=160, patience=10),
    )


def per_domain() -> RunConfig:
    """The paper's topology at a size that trains on two cores: one network for each domain, hard routing by the DC."""
    return RunConfig(
        recipe="per-domain",
        topology="per-domain",
        routing="hard",
        classifier=MaxEntConfig(classes="domains"),
        joint=JointConfig(
            embedder=EmbedderConfig(word_size=64, character_filters=24),
            encoder=EncoderConfig(hidden_size=64),
            mlp_size=64,
        ),
        optim=OptimConfig(batch_size=32, epochs=25, patience=5),
    )


def _word_only(kind: Literal["cnn", "linear"]) -> JointConfig:
    """The encoders of AIN, section 3.2, that read words without characters."""
    base = stm().joint
    return replace(
        base,
        embedder=replace(base.embedder, character_filters=0),
        encoder=EncoderConfig(kind=kind, hidden_size=512, layers=1),
    )
