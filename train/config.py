"""The frozen config of a run: recipes return it, `--set` overrides its entries, the bundle's manifest contains it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from polyparse.bounds import NOT_NEGATIVE, POSITIVE, SHARE, check_bounds
from polyparse.corpora.augmentation.slot_swap import SwapConfig
from polyparse.corpora.augmentation.word_substitution import SubstitutionConfig
from polyparse.corpora.noise import NoiseConfig
from polyparse.errors import ConfigError
from train.models.joint import JointConfig
from train.models.maxent import MaxEntConfig


@dataclass(frozen=True, kw_only=True)
class OptimConfig:
    """AdamW with a linear warm-up and a cosine decay to zero over `epochs`; weights are averaged (EMA) for dev and export.

    Training stops after `patience` epochs without a gain (`train.training.stopping`). An epoch passes over a small corpus
    several times, until it has made `min_steps` updates. `precision` is that of the network's matrix
    products in training; weights, the CRF's sums, evaluation on dev and exported graphs stay in float32.
    """

    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    batch_size: int = 64
    epochs: int = 20
    min_steps: int = 1
    patience: int = 6
    warmup_share: float = 0.05
    clip_norm: float = 2.0
    average_decay: float = 0.998
    precision: Literal["float32", "bfloat16"] = "float32"

    def __post_init__(self) -> None:
        check_bounds(
            self,
            learning_rate=NOT_NEGATIVE,
            weight_decay=NOT_NEGATIVE,
            batch_size=POSITIVE,
            epochs=POSITIVE,
            min_steps=POSITIVE,
            patience=POSITIVE,
            warmup_share=SHARE,
            clip_norm=NOT_NEGATIVE,
            average_decay=SHARE,
        )


@dataclass(frozen=True, kw_only=True)
class MaskedWordsConfig:
    """`epochs` of predicting masked words before labels are learnt; `share` of the tokens are masked."""

    epochs: int = 0
    share: float = 0.2

    def __post_init__(self) -> None:
        check_bounds(self, epochs=NOT_NEGATIVE, share=SHARE)


@dataclass(frozen=True, kw_only=True)
class DistilConfig:
    """`gold` is the weight of the true labels; the teachers' soft targets have the rest.

    `draws` is how many augmented corpora are drawn (`swap`, `substitution`) and used in turn, one an epoch; `seed` draws
    them: a run that continues another one should have another seed, to see new ones. `joint_weight` is the teachers'
    lambda, the weight of their networks' intents against their MaxEnt's.
    """

    gold: float = 0.3
    joint_weight: float = 0.5
    draws: int = 8
    seed: int = 0
    swap: SwapConfig = SwapConfig(utterances=0.7)
    substitution: SubstitutionConfig = SubstitutionConfig()

    def __post_init__(self) -> None:
        check_bounds(self, gold=SHARE, joint_weight=SHARE, draws=POSITIVE, seed=NOT_NEGATIVE)


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """A whole run. `joint_weight` is lambda of soft routing; None lets dev choose it.

    `intent_bias` is the L2 penalty of the biases of intents that are fitted on dev where soft routing mixes intents; with
    None there are no such biases.

    `folds`: in how many parts the training data are held out in turn, to calibrate by their answers where dev is small; 0
    for none.

    `swap` and `noise` augment the training utterances anew every epoch; `distil` configures a run with teachers, which has
    its own swap.
    """

    recipe: str
    scheme: Literal["IO", "BIO", "BIOES"] = "BIO"
    topology: Literal["shared", "per-domain"] = "shared"
    routing: Literal["soft", "hard"] = "soft"
    joint_weight: float | None = None
    intent_bias: float | None = None
    classifier: MaxEntConfig | None = MaxEntConfig()
    joint: JointConfig = JointConfig()
    optim: OptimConfig = OptimConfig()
    masked_words: MaskedWordsConfig = MaskedWordsConfig()
    swap: SwapConfig = SwapConfig()
    noise: NoiseConfig = NoiseConfig()
    distil: DistilConfig = DistilConfig()
    folds: int = 0
    seed: int = 1

    def __post_init__(self) -> None:
        check_bounds(self, seed=NOT_NEGATIVE, folds=NOT_NEGATIVE)
        if self.joint_weight is not None and not 0.0 <= self.joint_weight <= 1.0:
            raise ConfigError(f"joint_weight: found {self.joint_weight}, expected 0 to 1, or null")
        if self.intent_bias is not None:
            check_bounds(self, intent_bias=NOT_NEGATIVE)
            if self.routing != "soft" or self.classifier is None or self.classifier.classes != "intents":
                raise ConfigError(
                    "intent_bias: found one, expected null without soft routing by a classifier over intents"
                )
        if self.topology == "per-domain" and self.classifier is None:
            raise ConfigError("topology: found per-domain without a classifier, expected one to route by")

    @property
    def reads_translations(self) -> bool:
        """Whether training reads the corpus in all its locales, to align word vectors."""
        in_bag = self.classifier is not None and self.classifier.bag is not None
        return in_bag or self.joint.embedder.word_vectors == "aligned"
