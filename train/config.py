"""The frozen config of a run: recipes return it, `--set` overrides its entries, the bundle's manifest contains it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from polyparse.bounds import NOT_NEGATIVE, POSITIVE, SHARE, check_bounds
from polyparse.corpora.augmentation.code_switching import SwitchConfig
from polyparse.corpora.augmentation.everyday_words import EverydayConfig
from polyparse.corpora.augmentation.slot_swap import SwapConfig
from polyparse.corpora.augmentation.word_substitution import SubstitutionConfig
from polyparse.corpora.augmentation.written_forms import WrittenConfig
from polyparse.corpora.noise import NoiseConfig
from polyparse.corpora.selection.config import DataConfig
from polyparse.errors import ConfigError
from train.compute import Precision
from train.models.discriminator import LanguagesConfig
from train.models.joint import JointConfig
from train.models.maxent import MaxEntConfig
from train.models.sharing import SharingConfig
from train.models.token_crf import TokenCrfConfig
from train.stream_config import StreamConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

Select = Literal["exact_match", "slot_f1", "intent_accuracy"]
"""The measure by which a run chooses its epoch and lambda."""


@dataclass(frozen=True, kw_only=True)
class ParameterGroup:
    """The parameters whose names match a pattern ("encoder.*"), and their factor of the learning rate; 0 freezes them.

    `ramp` has pairs (share of the run, factor): from each share on, `rate` counts by that factor, and before the first one
    by 0.
    """

    pattern: str
    rate: float = 1.0
    ramp: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        check_bounds(self, rate=NOT_NEGATIVE)
        shares = [share for share, _ in self.ramp]
        if shares != sorted(shares) or any(share < 0.0 or factor < 0.0 for share, factor in self.ramp):
            raise ConfigError(
                f"ramp: found {self.ramp}, expected pairs of a share and a factor from 0, by ascending shares"
            )


@dataclass(frozen=True, kw_only=True)
class OptimConfig:
    """How a network is trained; weights are averaged (EMA) for dev and export.

    `schedule` is that of the learning rate, after a linear warm-up: down to zero over `epochs` along a cosine or a line; or
    constant, with "halving" halved after `halve_after` epochs without a better result on dev (AIN, section 3.2).

    Training stops after `patience` epochs without a gain (`train.training.stopping`). An epoch passes over a small corpus
    several times, until it has made `min_steps` updates; or it is `epoch_steps` updates of all tasks together, however
    large their corpora. Batches are of utterances of one length, or of similar lengths, `padded`: then they are full even
    where a corpus has few of each length. `groups` have rates of their own: a parameter belongs to the first
    one that its name matches. `precision` is that of the network's matrix
    products in training; weights, the CRF's sums, evaluation on dev and exported graphs stay in float32, and so do LSTMs on
    a device that has none in bfloat16.
    """

    optimiser: Literal["adamw", "sgd", "adagrad"] = "adamw"
    schedule: Literal["cosine", "linear", "halving", "constant"] = "cosine"
    halve_after: int = 10
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    batch_size: int = 64
    padded: bool = False
    epochs: int = 20
    min_steps: int = 1
    epoch_steps: int | None = None
    patience: int = 6
    warmup_share: float = 0.05
    clip_norm: float | None = 2.0
    average_decay: float = 0.998
    precision: Precision = "float32"
    groups: tuple[ParameterGroup, ...] = ()

    def __post_init__(self) -> None:
        check_bounds(
            self,
            halve_after=POSITIVE,
            learning_rate=NOT_NEGATIVE,
            weight_decay=NOT_NEGATIVE,
            batch_size=POSITIVE,
            epochs=POSITIVE,
            min_steps=POSITIVE,
            patience=POSITIVE,
            warmup_share=SHARE,
            average_decay=SHARE,
        )
        if self.clip_norm is not None:
            check_bounds(self, clip_norm=NOT_NEGATIVE)
        if self.epoch_steps is not None:
            check_bounds(self, epoch_steps=POSITIVE)
            if self.min_steps > 1:
                raise ConfigError(f"min_steps: found {self.min_steps} with epoch_steps, expected 1")


@dataclass(frozen=True, kw_only=True)
class BlockStart:
    """Where parameters whose names match a pattern start in a run with --start; `optim.groups` says how they learn."""

    pattern: str
    start: Literal["copy", "by word", "by aligned word", "by character", "by label", "fresh"]


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

    `top_intents` and `top_tags` are how many of each soft target are learnt and kept on disk; None for all.

    `texts`: beside the corpus the student learns from augmented utterances, or from the run's unlabelled ones.
    """

    texts: Literal["augmented", "unlabelled"] = "augmented"
    gold: float = 0.3
    joint_weight: float = 0.5
    draws: int = 8
    seed: int = 0
    swap: SwapConfig = SwapConfig(utterances=0.7)
    substitution: SubstitutionConfig = SubstitutionConfig()
    top_intents: int | None = None
    top_tags: int | None = None

    def __post_init__(self) -> None:
        check_bounds(self, gold=SHARE, joint_weight=SHARE, draws=POSITIVE, seed=NOT_NEGATIVE)
        for name in ("top_intents", "top_tags"):
            if getattr(self, name) is not None:
                check_bounds(self, **{name: POSITIVE})


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """A whole run. `joint_weight` is lambda of soft routing; None lets dev choose it.

    `data` says which utterances of the corpus are learnt from and which choose; `select` is what they choose by.

    `intent_bias` is the L2 penalty of the biases of intents that are fitted on dev where soft routing mixes intents; with
    None there are no such biases.

    `folds`: in how many parts the training data are held out in turn, to calibrate by their answers where dev is small; 0
    for none.

    `token_crf`: slots by a CRF over features of tokens in place of a joint network, intents by the classifier alone.

    `init` is the transfer plan of a run with --start: with one, the run makes its own tables and classifier, and each
    parameter starts as its block says. Without, tables and classifier are the start's, and parameters are copied by name.

    `languages`: each update is from a batch of each source language, perhaps against a discriminator of them.

    `keeps_words`: the words and characters of the start are known in the run too, also where its corpus lacks them.
    Without `expands_labels` a run with a plan has the start's labels: another intent is not learnt, another slot is "O".

    `slots_only`: domains and intents of the corpus are not read, so that they are in no loss and choose no epoch.

    `swap`, `switch`, `everyday`, `written` and `noise` augment the training utterances anew every epoch, in this order;
    `distil` configures a run with teachers, which has its own swap.
    """

    recipe: str
    data: DataConfig = DataConfig()
    select: Select = "exact_match"
    scheme: Literal["IO", "BIO", "BIOES"] = "BIO"
    slots_only: bool = False
    topology: Literal["shared", "per-domain"] = "shared"
    routing: Literal["soft", "hard"] = "soft"
    joint_weight: float | None = None
    intent_bias: float | None = None
    classifier: MaxEntConfig | None = MaxEntConfig()
    joint: JointConfig = JointConfig()
    token_crf: TokenCrfConfig | None = None
    optim: OptimConfig = OptimConfig()
    init: tuple[BlockStart, ...] = ()
    keeps_words: bool = False
    expands_labels: bool = True
    sharing: SharingConfig = SharingConfig()
    languages: LanguagesConfig | None = None
    masked_words: MaskedWordsConfig = MaskedWordsConfig()
    swap: SwapConfig = SwapConfig()
    switch: SwitchConfig = SwitchConfig()
    everyday: EverydayConfig = EverydayConfig()
    written: WrittenConfig = WrittenConfig()
    noise: NoiseConfig = NoiseConfig()
    distil: DistilConfig = DistilConfig()
    stream: StreamConfig = StreamConfig()
    folds: int = 0
    seed: int = 1

    def __post_init__(self) -> None:
        check_bounds(self, seed=NOT_NEGATIVE, folds=NOT_NEGATIVE)
        if self.joint_weight is not None and not 0.0 <= self.joint_weight <= 1.0:
            raise ConfigError(f"joint_weight: found {self.joint_weight}, expected 0 to 1, or null")
        if self.intent_bias is not None:
            check_bounds(self, intent_bias=NOT_NEGATIVE)
            if self.routing != "soft" or self.classifier is None or self.classifier.classes != "intents":
                raise ConfigError("intent_bias: found one, expected null but for soft routing by intents")
        if not self.init:
            needed = {"keeps_words": (self.keeps_words, False), "expands_labels": (self.expands_labels, True)}
            _check_needed(needed, "without a transfer plan (init)")
        if self.topology == "per-domain" and self.classifier is None:
            raise ConfigError("topology: found per-domain without a classifier, expected one to route by")
        checks = (
            (self.slots_only, self._check_slots_only),
            (self.token_crf is not None, self._check_token_crf),
            (self.masked_words.epochs > 0, self._check_masked_words),
            (self.stream.on, self._check_stream),
        )
        for applies, check in checks:
            if applies:
                check()

    def _check_slots_only(self) -> None:
        """Raise ConfigError for what is about intents."""
        needed = {
            "everyday.utterances": (self.everyday.utterances, 0.0),
            "data.contradictions": (self.data.contradictions, "keep"),
        }
        _check_needed(needed, "with slots_only")

    def _check_masked_words(self) -> None:
        """Raise ConfigError for a sentence encoder, which would tell what is hidden."""
        _check_needed({"joint.pretrained_size": (self.joint.pretrained_size, 0)}, "with masked_words")

    def _check_token_crf(self) -> None:
        """Raise ConfigError for what a CRF over features of tokens cannot do, or would silently leave undone."""
        needed = {
            "topology": (self.topology, "shared"),
            "routing": (self.routing, "soft"),
            "joint_weight": (self.joint_weight, 0.0),
            "classifier.classes": (self.classifier and self.classifier.classes, "intents"),
            "masked_words.epochs": (self.masked_words.epochs, 0),
            "swap.utterances": (self.swap.utterances, 0.0),
            "everyday.utterances": (self.everyday.utterances, 0.0),
            "written.utterances": (self.written.utterances, 0.0),
            "init": (self.init, ()),
            "data.contradictions": (self.data.contradictions, "keep"),
            "noise": (self.noise.is_on, False),
        }
        _check_needed(needed, "with token_crf")

    def _check_stream(self) -> None:
        """Raise ConfigError for what needs the whole corpus in memory."""
        whole = DataConfig()
        needed = {
            **{f"data.{name}": (of != getattr(whole, name), False) for name, of in vars(self.data).items()},
            "optim.padded": (self.optim.padded, False),
            "optim.epoch_steps": (self.optim.epoch_steps, None),
            "topology": (self.topology, "shared"),
            "slots_only": (self.slots_only, False),
            "expands_labels": (self.expands_labels, True),
            "token_crf": (self.token_crf, None),
            "swap.utterances": (self.swap.utterances, 0.0),
            "everyday.utterances": (self.everyday.utterances, 0.0),
            "written.utterances": (self.written.utterances, 0.0),
            "noise": (self.noise.is_on, False),
            "folds": (self.folds, 0),
        }
        _check_needed(needed, "where the corpus is a stream")

    @property
    def reads_translations(self) -> bool:
        """Whether training reads the corpus in all its locales, to align or to translate words, or to project labels."""
        in_bag = self.classifier is not None and self.classifier.bag is not None
        of_words = in_bag or self.joint.embedder.reads_translations
        return of_words or self.switch.is_induced or bool(self.data.projected)


def _check_needed(needed: Mapping[str, tuple[object, object]], where: str) -> None:
    """Raise ConfigError for the first entry (found, expected) whose two are not the same."""
    for key, (found, expected) in needed.items():
        if found != expected:
            raise ConfigError(f"{key}: found {found!r}, expected {expected!r} {where}")
