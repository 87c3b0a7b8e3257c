"""One frozen config says everything about a run; recipes return it whole, `--set` overrides it, the bundle carries it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from polyparse.bounds import NOT_NEGATIVE, POSITIVE, SHARE, check_bounds
from polyparse.corpora.augmentation.slot_swap import SwapConfig
from polyparse.corpora.noise import NoiseConfig
from polyparse.errors import ConfigError
from train.models.joint import JointConfig
from train.models.maxent import MaxEntConfig
from train.objectives.distillation import DistilConfig


@dataclass(frozen=True, kw_only=True)
class OptimConfig:
    """AdamW with a linear warm-up and a cosine decay to zero over `epochs`; weights are averaged (EMA) for dev and export.

    Training stops after `patience` epochs without a better exact match on dev. `precision` is that of the network's matrix
    products while it trains; the weights, the CRF's sums, dev and what is exported stay in float32.
    """

    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    batch_size: int = 64
    epochs: int = 20
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
            patience=POSITIVE,
            warmup_share=SHARE,
            clip_norm=NOT_NEGATIVE,
            average_decay=SHARE,
        )


@dataclass(frozen=True, kw_only=True)
class MaskedWordsConfig:
    """`epochs` of naming hidden words before labels are learnt (`train.objectives.masked_words`); `share` of the tokens are hidden.

    `all_locales` reads the training text in every locale that the corpus has, served or not.
    """

    epochs: int = 0
    share: float = 0.2
    all_locales: bool = False

    def __post_init__(self) -> None:
        check_bounds(self, epochs=NOT_NEGATIVE, share=SHARE)


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """A whole run. `joint_weight` is lambda of soft routing; None lets dev choose it.

    `intent_bias` is the penalty of biases of the intents that dev chooses too, where soft routing mixes intents; None does
    without them.

    `swap` and `noise` vary the training utterances anew every epoch; `distil` says how a run with teachers goes, which has
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
    seed: int = 1

    def __post_init__(self) -> None:
        check_bounds(self, seed=NOT_NEGATIVE)
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
        """Whether training reads the corpus in all locales that it has: to align words, or to name hidden ones."""
        in_bag = self.classifier is not None and self.classifier.bag is not None
        named = self.masked_words.epochs > 0 and self.masked_words.all_locales
        return in_bag or named or self.joint.embedder.word_vectors == "aligned"
