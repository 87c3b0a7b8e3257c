"""The model that domains are left out of: made like the shipped ones, so small that half a dozen train in minutes."""

from __future__ import annotations

from train.config import OptimConfig, RunConfig
from train.models.embedder import EmbedderConfig
from train.models.encoders.base import EncoderConfig
from train.models.joint import JointConfig
from train.models.maxent import MaxEntConfig
from train.models.word_bag import WordBagConfig

JOINT_WEIGHT = 0.5


def fold_model() -> RunConfig:
    """One biLSTM layer and tags predicted by themselves beside a MaxEnt and a bag of words; a minute each on one core.

    The slots weigh little: it is the intents whose doubt is looked at. Dropout is low, for few epochs are trained.
    """
    return RunConfig(
        recipe="unseen-domains",
        scheme="IO",
        joint_weight=JOINT_WEIGHT,
        classifier=MaxEntConfig(
            max_iterations=40, min_feature_count=3, kept_features=100_000, bag=WordBagConfig()
        ),
        joint=JointConfig(
            embedder=EmbedderConfig(word_size=96, character_filters=24),
            encoder=EncoderConfig(hidden_size=128, layers=1),
            head="softmax",
            mlp_size=128,
            embedding_dropout=0.15,
            mlp_dropout=0.15,
            beta=0.2,
        ),
        optim=OptimConfig(learning_rate=4e-3, epochs=4, precision="bfloat16"),
    )
