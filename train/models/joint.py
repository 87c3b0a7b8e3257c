"""The joint network for intents and tags: the multi-task network STM of Tan & Golovneva 2020.

    words -> embedder -> encoder -> MLP -> intent logits
                                 -> MLP -> emissions -> head -> tags

An auxiliary encoder with its own MLPs may be trained as a second branch. It shares the embedder and the head, improves them
by its gradients, and is dropped after training.

Axes: B utterances, T tokens, U distinct words, C characters, H encoder output, I intents, K tags.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from polyparse.bounds import NOT_NEGATIVE, POSITIVE, SHARE, check_bounds
from polyparse.errors import ConfigError
from polyparse.text.vocabulary import FIRST
from train.models.embedder import Embedder, EmbedderConfig
from train.models.encoders import ENCODERS
from train.models.encoders.base import EncoderConfig
from train.models.heads import HEADS
from train.models.padding import inside
from train.models.pooling import largest

if TYPE_CHECKING:
    from polyparse.contract.labels import Labels
    from polyparse.text.vectorizer import Batch
    from polyparse.text.vocabulary import Vocabulary
    from train.models.heads.forward_backward import ExpectedCounts


@dataclass(frozen=True, kw_only=True)
class JointConfig:
    """`mlp_size` is the hidden size of both MLPs; `alpha` and `beta` are the weights of intent and slot loss.

    `auxiliary` is a second encoder that exists in training only. `outside_bias` is added to the score of tag "O" after
    training: it trades recall for precision (Minkov et al. 2006); its size is chosen on dev.
    """

    embedder: EmbedderConfig = EmbedderConfig()
    encoder: EncoderConfig = EncoderConfig()
    auxiliary: EncoderConfig | None = None
    head: str = "crf"  # one of HEADS
    mlp_size: int = 200
    embedding_dropout: float = 0.3
    mlp_dropout: float = 0.3
    alpha: float = 1.0
    beta: float = 1.0
    label_smoothing: float = 0.0
    outside_bias: float = 0.0

    def __post_init__(self) -> None:
        check_bounds(
            self,
            mlp_size=POSITIVE,
            embedding_dropout=SHARE,
            mlp_dropout=SHARE,
            alpha=NOT_NEGATIVE,
            beta=NOT_NEGATIVE,
            label_smoothing=SHARE,
            outside_bias=NOT_NEGATIVE,
        )
        if self.head not in HEADS:
            raise ConfigError(f"joint.head: found {self.head!r}, expected one of {', '.join(HEADS)}")


class BatchTensors(NamedTuple):
    """A Batch as tensors."""

    words_BT: Tensor
    word_ids_U: Tensor
    characters_UC: Tensor
    lengths_B: Tensor

    @classmethod
    def of(cls, batch: Batch) -> BatchTensors:
        """Tensors that share the batch's memory, but for lengths, which become int64."""
        return cls(
            torch.from_numpy(batch.words_BT),
            torch.from_numpy(batch.word_ids_U),
            torch.from_numpy(batch.characters_UC),
            torch.from_numpy(batch.lengths_B).long(),
        )


class Scores(NamedTuple):
    """Intent logits and emissions of a batch, from one branch."""

    logits_BI: Tensor
    emissions_BTK: Tensor
    lengths_B: Tensor

    def of(self, positions_S: Tensor) -> Scores:
        """The scores of the utterances at some positions of the batch."""
        return Scores(
            self.logits_BI[positions_S], self.emissions_BTK[positions_S], self.lengths_B[positions_S]
        )

    def float(self) -> Scores:
        """The same scores as float32."""
        return Scores(self.logits_BI.float(), self.emissions_BTK.float(), self.lengths_B)


class IntentMLP(nn.Module):
    """Maximum and mean of the encoder output over the tokens -> one hidden layer (GELU) -> logits_BI."""

    def __init__(self, input_size: int, n_intents: int, config: JointConfig) -> None:
        super().__init__()
        self.hidden = nn.Linear(2 * input_size, config.mlp_size)
        self.output = nn.Linear(config.mlp_size, n_intents)
        self.dropout = nn.Dropout(config.mlp_dropout)

    def forward(self, encoded_BTH: Tensor, lengths_B: Tensor) -> Tensor:
        """logits_BI; padding has no part in maximum and mean."""
        inside_BT1 = inside(lengths_B, encoded_BTH.shape[1]).unsqueeze(2)
        largest_BH = largest(encoded_BTH, inside_BT1)
        mean_BH = (encoded_BTH * inside_BT1).sum(dim=1) / lengths_B.unsqueeze(1)
        pooled = self.dropout(torch.cat([largest_BH, mean_BH], dim=1))
        logits_BI: Tensor = self.output(self.dropout(nn.functional.gelu(self.hidden(pooled))))
        return logits_BI


class SlotMLP(nn.Module):
    """One hidden layer (GELU) over each token -> emissions_BTK."""

    def __init__(self, input_size: int, n_tags: int, config: JointConfig) -> None:
        super().__init__()
        self.hidden = nn.Linear(input_size, config.mlp_size)
        self.output = nn.Linear(config.mlp_size, n_tags)
        self.dropout = nn.Dropout(config.mlp_dropout)

    def forward(self, encoded_BTH: Tensor) -> Tensor:
        """emissions_BTK, the unary potentials of the head."""
        emissions_BTK: Tensor = self.output(self.dropout(nn.functional.gelu(self.hidden(encoded_BTH))))
        return emissions_BTK


class Branch(nn.Module):
    """An encoder with its own MLPs for intents and emissions."""

    def __init__(self, input_size: int, labels: Labels, encoder: EncoderConfig, config: JointConfig) -> None:
        super().__init__()
        self.encoder = ENCODERS[encoder.kind](input_size, encoder)
        width = self.encoder.output_size
        self.intent = IntentMLP(width, len(labels.intents), config) if labels.intents else None
        self.slots = SlotMLP(width, len(labels.tags), config)

    def score(self, embedded_BTE: Tensor, lengths_B: Tensor) -> Scores:
        """Intent logits, of shape (B, 0) if the corpus has no intents, and emissions."""
        encoded_BTH = self.encoder(embedded_BTE, lengths_B)
        if self.intent is None:
            logits_BI = encoded_BTH.new_zeros(len(encoded_BTH), 0)
        else:
            logits_BI = self.intent(encoded_BTH, lengths_B)
        return Scores(logits_BI, self.slots(encoded_BTH), lengths_B)


class JointNetwork(Branch):
    """An embedder, the network's own branch, perhaps an auxiliary branch, and a head for the emissions of both."""

    def __init__(self, labels: Labels, *, n_words: int, n_characters: int, config: JointConfig) -> None:
        embedder = Embedder(n_words, n_characters, config.embedder)
        super().__init__(embedder.output_size, labels, config.encoder, config)
        self.config = config
        self.embedder = embedder
        self.embedding_dropout = nn.Dropout(config.embedding_dropout)
        self.auxiliary = (
            None
            if config.auxiliary is None
            else Branch(embedder.output_size, labels, config.auxiliary, config)
        )
        self.head = HEADS[config.head](labels.tags, labels.scheme)

    def trained_branches(self) -> list[Branch]:
        """The branches that are trained: the network itself and, if there is one, the auxiliary branch."""
        return [self] if self.auxiliary is None else [self, self.auxiliary]

    def auxiliary_weights(self) -> set[str]:
        """The names in `state_dict` of what only the auxiliary branch has."""
        return set() if self.auxiliary is None else set(self.auxiliary.state_dict(prefix="auxiliary."))

    def branch_scores(self, tensors: BatchTensors) -> list[Scores]:
        """The scores of a batch from each trained branch."""
        embedded_BTE = self._embed(tensors)
        return [branch.score(embedded_BTE, tensors.lengths_B) for branch in self.trained_branches()]

    def forward(self, tensors: BatchTensors) -> tuple[Tensor, Tensor]:
        """logits_BI and emissions_BTK of the network's own branch."""
        scores = self.score(self._embed(tensors), tensors.lengths_B)
        return scores.logits_BI, scores.emissions_BTK

    def _embed(self, tensors: BatchTensors) -> Tensor:
        embedded_BTE = self.embedder(tensors.word_ids_U, tensors.characters_UC, tensors.words_BT)
        dropped_BTE: Tensor = self.embedding_dropout(embedded_BTE)
        return dropped_BTE

    def loss(self, scores: Scores, intents_B: Tensor, tags_BT: Tensor) -> tuple[Tensor, Tensor]:
        """(alpha * intent loss, beta * slot loss), each a mean over the utterances; their sum is the paper's loss."""
        slot_loss: Tensor = self.head.loss(scores.emissions_BTK, tags_BT, scores.lengths_B)
        if self.intent is None:
            return slot_loss.new_zeros(()), self.config.beta * slot_loss
        intent_loss = nn.functional.cross_entropy(
            scores.logits_BI, intents_B, label_smoothing=self.config.label_smoothing
        )
        return self.config.alpha * intent_loss, self.config.beta * slot_loss

    def soft_loss(
        self, scores: Scores, teacher_probs_BI: Tensor, teacher: ExpectedCounts
    ) -> tuple[Tensor, Tensor]:
        """The same losses against soft targets: cross entropy with the teacher's P(intent), and with its CRF."""
        slot_loss: Tensor = self.head.soft_loss(scores.emissions_BTK, teacher, scores.lengths_B)
        if self.intent is None:
            return slot_loss.new_zeros(()), self.config.beta * slot_loss
        intent_loss = nn.functional.cross_entropy(scores.logits_BI, teacher_probs_BI)
        return self.config.alpha * intent_loss, self.config.beta * slot_loss


def new_network(labels: Labels, vocabulary: Vocabulary, config: JointConfig) -> JointNetwork:
    """A newly initialised network for the labels, with embeddings of all words and characters, padding and unknown."""
    return JointNetwork(
        labels, n_words=vocabulary.size, n_characters=FIRST + len(vocabulary.characters), config=config
    )
