"""The joint network for intents and tags: the multi-task network STM of Tan & Golovneva 2020.

    words -> embedder -> encoder -> MLP -> intent logits
                                 -> MLP -> emissions -> head -> tags

An auxiliary encoder with its own MLPs may be trained as a second branch. It shares the embedder and the head, improves them
by its gradients, and is dropped after training.

Axes: B utterances, T tokens, U distinct words, C characters, H encoder output, I intents, K tags.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from polyparse.bounds import NOT_NEGATIVE, POSITIVE, SHARE, check_bounds
from polyparse.errors import ConfigError
from polyparse.text.vocabulary import FIRST
from train.models.decoders import DecoderSizes, IntentExperts, IntentMLP, SlotExperts, SlotMLP
from train.models.dropout import EmbeddingDropout
from train.models.embedder import Embedder, EmbedderConfig
from train.models.encoders import AnyEncoder, encoder_of
from train.models.encoders.base import EncoderConfig
from train.models.heads import HEADS, ITERATED, new_head
from train.models.intent_loss import intent_loss
from train.models.pretrained import PretrainedEncoder
from train.models.scores import Scores

if TYPE_CHECKING:
    from polyparse.contract.labels import Labels
    from polyparse.text.vectorizer import Batch
    from polyparse.text.vocabulary import Vocabulary
    from train.models.heads.forward_backward import ExpectedCounts
    from train.models.pretrained import WordPieces


IntentDecoder: TypeAlias = IntentMLP | IntentExperts
SlotDecoder: TypeAlias = SlotMLP | SlotExperts


@dataclass(frozen=True, kw_only=True)
class JointConfig:
    """`mlp_size` is the hidden size of both MLPs, 0 for none: then logits and emissions are linear in what they read
    (AIN, eq. 1). `alpha` and `beta` are the weights of intent and slot loss.

    `iterations` is M of an AIN head, 3 with None (10 if it is annealed). `start_spread` is the standard deviation of the
    normal distribution that a head's potentials start from; AIN's code has 1, for its CRF too.

    Three kinds of dropout between embedder and encoder: `embedding_dropout` of single numbers, `locked_dropout` of the same
    channels at all tokens of an utterance, `token_dropout` of a token's whole vector (AIN has the latter two, .5 and .05).

    `pretrained_size` is the size to which a pre-trained sentence encoder's vectors of words in their context, and of texts,
    are mapped beside the embedder's (`train.models.pretrained`); with 0 there is none.

    `auxiliary` is a second encoder that exists in training only. `outside_bias` is added to the score of tag "O" after
    training: it trades recall for precision (Minkov et al. 2006); its size is chosen on dev.

    `experts` are so many MLPs behind a gate in place of each one (MAN-MoE, `train.models.decoders`); 0 for none.
    """

    embedder: EmbedderConfig = EmbedderConfig()
    pretrained_size: int = 0
    encoder: EncoderConfig = EncoderConfig()
    auxiliary: EncoderConfig | None = None
    head: str = "crf"  # one of HEADS
    iterations: int | None = None
    start_spread: float = 0.0
    mlp_size: int = 200
    experts: int = 0
    embedding_dropout: float = 0.3
    locked_dropout: float = 0.0
    token_dropout: float = 0.0
    mlp_dropout: float = 0.3
    alpha: float = 1.0
    beta: float = 1.0
    label_smoothing: float = 0.0
    outside_bias: float = 0.0

    def __post_init__(self) -> None:
        check_bounds(
            self,
            pretrained_size=NOT_NEGATIVE,
            mlp_size=NOT_NEGATIVE,
            experts=NOT_NEGATIVE,
            start_spread=NOT_NEGATIVE,
            embedding_dropout=SHARE,
            locked_dropout=SHARE,
            token_dropout=SHARE,
            mlp_dropout=SHARE,
            alpha=NOT_NEGATIVE,
            beta=NOT_NEGATIVE,
            label_smoothing=SHARE,
            outside_bias=NOT_NEGATIVE,
        )
        if self.experts and (self.outside_bias or not self.mlp_size):
            raise ConfigError(
                f"joint.experts: found {self.experts} with mlp_size {self.mlp_size} and outside_bias {self.outside_bias},"
                " expected a hidden layer and no bias"
            )
        if self.pretrained_size and not self.embedder.outside_size:
            raise ConfigError(
                f"joint.pretrained_size: found {self.pretrained_size} without outside vectors, expected an outside_size"
            )
        if self.head not in HEADS:
            raise ConfigError(f"joint.head: found {self.head!r}, expected one of {', '.join(HEADS)}")
        if self.iterations is not None:
            check_bounds(self, iterations=POSITIVE)
            if self.head not in ITERATED:
                raise ConfigError(
                    f"joint.iterations: found {self.iterations} with head {self.head}, expected null"
                )


class BatchTensors(NamedTuple):
    """A Batch as tensors."""

    words_BT: Tensor
    word_ids_U: Tensor
    characters_UC: Tensor
    lengths_B: Tensor
    token_features_BTL: Tensor

    @classmethod
    def of(cls, batch: Batch, device: torch.device | None = None) -> BatchTensors:
        """Tensors on the device; on the CPU they share the batch's memory, but for lengths, which become int64."""
        return cls(
            torch.from_numpy(batch.words_BT).to(device),
            torch.from_numpy(batch.word_ids_U).to(device),
            torch.from_numpy(batch.characters_UC).to(device),
            torch.from_numpy(batch.lengths_B).long().to(device),
            torch.from_numpy(batch.token_features_BTL).to(device),
        )


class Branch(NamedTuple):
    """An encoder and a task's decoders behind it: from embedded tokens to scores."""

    encoder: AnyEncoder
    intent: IntentDecoder | None
    slots: SlotDecoder

    @classmethod
    def build(cls, input_size: int, labels: Labels, encoder: EncoderConfig, config: JointConfig) -> Branch:
        """Newly initialised; the decoders have their sizes from `config`."""
        module = encoder_of(input_size, encoder)
        width, n_intents, n_tags = module.output_size, len(labels.intents), len(labels.tags)
        sizes = DecoderSizes(config.mlp_size, config.mlp_dropout, config.experts)
        of_intents, of_slots = (IntentExperts, SlotExperts) if config.experts else (IntentMLP, SlotMLP)
        intent = of_intents(width, n_intents, sizes) if n_intents else None
        return cls(module, intent, of_slots(width, n_tags, sizes))

    def score(self, embedded_BTE: Tensor, lengths_B: Tensor) -> Scores:
        """Intent logits, of shape (B, 0) if the corpus has no intents, and emissions."""
        encoded_BTH = self.encoder(embedded_BTE, lengths_B)
        if self.intent is None:
            logits_BI = encoded_BTH.new_zeros(len(encoded_BTH), 0)
        else:
            logits_BI = self.intent(encoded_BTH, lengths_B)
        return Scores(logits_BI, self.slots(encoded_BTH), lengths_B)


class AuxiliaryBranch(nn.Module):
    """A second branch as a module, which exists in training only."""

    def __init__(self, branch: Branch) -> None:
        super().__init__()
        self.encoder, self.intent, self.slots = branch

    def branch(self) -> Branch:
        """The branch."""
        return Branch(self.encoder, self.intent, self.slots)


class JointNetwork(nn.Module):
    """An embedder, an encoder, the decoders and the head of one task; perhaps an auxiliary branch to the same head.

    Networks of several tasks have parts in common: see `train.models.sharing`.
    """

    def __init__(
        self,
        labels: Labels,
        *,
        n_words: int,
        n_characters: int,
        config: JointConfig,
        pieces: WordPieces | None = None,
    ) -> None:
        super().__init__()
        embedder = Embedder(n_words, n_characters, config.embedder)
        pretrained = None if pieces is None else PretrainedEncoder(pieces, config.pretrained_size)
        input_size = embedder.output_size + (0 if pretrained is None else pretrained.output_size)
        self.config = config
        self.encoder, self.intent, self.slots = Branch.build(input_size, labels, config.encoder, config)
        self.embedder = embedder
        self.pretrained = pretrained
        self.embedding_dropout = EmbeddingDropout(
            numbers=config.embedding_dropout, channels=config.locked_dropout, tokens=config.token_dropout
        )
        self.auxiliary = (
            None
            if config.auxiliary is None
            else AuxiliaryBranch(Branch.build(input_size, labels, config.auxiliary, config))
        )
        self.head = new_head(
            config.head,
            labels.tags,
            labels.scheme,
            iterations=config.iterations,
            start_spread=config.start_spread,
        )

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return self.embedder.words.weight.device

    def trained_branches(self) -> list[Branch]:
        """The network's own branch and, if there is one, the auxiliary branch."""
        own = Branch(self.encoder, self.intent, self.slots)
        return [own] if self.auxiliary is None else [own, self.auxiliary.branch()]

    def auxiliary_weights(self) -> set[str]:
        """The names in `state_dict` of what only the auxiliary branch has."""
        return set() if self.auxiliary is None else set(self.auxiliary.state_dict(prefix="auxiliary."))

    def branch_scores(self, tensors: BatchTensors) -> list[Scores]:
        """The scores of a batch from each trained branch."""
        embedded_BTE = self.embed(tensors)
        return [branch.score(embedded_BTE, tensors.lengths_B) for branch in self.trained_branches()]

    def forward(self, tensors: BatchTensors) -> tuple[Tensor, Tensor]:
        """logits_BI and emissions_BTK of the network's own branch."""
        own, *_ = self.trained_branches()
        scores = own.score(self.embed(tensors), tensors.lengths_B)
        return scores.logits_BI, scores.emissions_BTK

    def embed(self, tensors: BatchTensors) -> Tensor:
        """embedded_BTE, as encoders read it: in training numbers are dropped."""
        embedded_BTE = self.embedder(tensors.word_ids_U, tensors.characters_UC, tensors.words_BT)
        if self.pretrained is not None:
            context_BTC = self.pretrained(tensors.word_ids_U, tensors.words_BT, tensors.lengths_B)
            embedded_BTE = torch.cat([embedded_BTE, context_BTC], dim=2)
        dropped_BTE: Tensor = self.embedding_dropout(embedded_BTE)
        return dropped_BTE

    def loss(
        self, scores: Scores, intents_B: Tensor, tags_BT: Tensor, intent_weights_B: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """(alpha * intent loss, beta * slot loss), each a mean over the utterances; their sum is the paper's loss.

        An utterance's intent counts by its weight, if there are weights.
        """
        slot_loss: Tensor = self.head.loss(scores.emissions_BTK, tags_BT, scores.lengths_B)
        if self.intent is None:
            return slot_loss.new_zeros(()), self.config.beta * slot_loss
        of_intents = intent_loss(
            scores.logits_BI,
            intents_B,
            label_smoothing=self.config.label_smoothing,
            weights_B=intent_weights_B,
        )
        return self.config.alpha * of_intents, self.config.beta * slot_loss

    def soft_loss(
        self, scores: Scores, teacher_probs_BI: Tensor, teacher: ExpectedCounts
    ) -> tuple[Tensor, Tensor]:
        """The same losses against soft targets: cross entropy with the teacher's P(intent), and with its CRF."""
        slot_loss: Tensor = self.head.soft_loss(scores.emissions_BTK, teacher, scores.lengths_B)
        if self.intent is None:
            return slot_loss.new_zeros(()), self.config.beta * slot_loss
        of_intents = nn.functional.cross_entropy(scores.logits_BI, teacher_probs_BI)
        return self.config.alpha * of_intents, self.config.beta * slot_loss


def new_network(
    labels: Labels, vocabulary: Vocabulary, config: JointConfig, pieces: WordPieces | None = None
) -> JointNetwork:
    """A newly initialised network for the labels, with embeddings of all words and characters, padding and unknown.

    `pieces` are those of the vocabulary's words, where the config has a `pretrained_size`.
    """
    return JointNetwork(
        labels,
        n_words=vocabulary.size,
        n_characters=FIRST + len(vocabulary.characters),
        config=config,
        pieces=pieces,
    )
