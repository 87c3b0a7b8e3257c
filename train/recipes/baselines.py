"""Baselines of Tan & Golovneva 2020 (models 1 and 2): linear models, for one language or for several together."""

from __future__ import annotations

from train.config import RunConfig
from train.models.token_crf import TokenCrfConfig


def maxent_crf() -> RunConfig:
    """MaxEnt over n-grams for intents, and a linear-chain CRF over features of tokens for slots; no network.

    Tags are IO for the reason that `stm` gives. Both models see all locales that the run is given, and no mark of which.
    """
    return RunConfig(recipe="maxent-crf", scheme="IO", joint_weight=0.0, token_crf=TokenCrfConfig())
