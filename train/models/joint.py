"""The multi-task network (STM of Tan & Golovneva 2020): embedder -> encoder -> an MLP for the intent, a head for the slots.

    words -> embedder -+-> encoder -> intent logits, emissions -+-> their means -> head
                       +-> another, where there is one          -+

Two encoders of different kinds err differently. Each has decoders of its own and learns as if it were alone, so that
together they are a logarithmic opinion pool (`train.ensemble`), over one table of words and one CRF. A companion is a second
encoder that only learns: what it teaches the table of words and the CRF stays when it is left behind.

Axes: B utterances, T tokens, U distinct words, C characters, H encoder output, I intents, K tags.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import torch
from torch import Tensor, nn

from polyparse.bounds import NOT_NEGATIVE, POSITIVE, SHARE, check_bounds
from polyparse.text.vocabulary import FIRST
from train.models.embedder import Embedder, EmbedderConfig
from train.models.encoders import ENCODERS
from train.models.encoders.base import EncoderConfig
from train.models.heads import HEADS
from train.models.padding import inside
from train.models.pooling import largest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.contract.labels import Labels
    from polyparse.text.vectorizer import Batch
    from polyparse.text.vocabulary import Vocabulary
    from train.models.heads.forward_backward import Expected


@dataclass(frozen=True, kw_only=True)
class JointConfig:
    """`mlp_size` is the hidden size of the decoders' blocks; `alpha` and `beta` weigh intent and slot losses.

    `beside` is a second encoder, with decoders of its own, and `companion` one in training alone. `outside_bias` is added to
    the score of "O" when training is over: recall given for precision (Minkov et al. 2006), as much as dev likes.
    """

    embedder: EmbedderConfig = EmbedderConfig()
    encoder: EncoderConfig = EncoderConfig()
    beside: EncoderConfig | None = None
    companion: EncoderConfig | None = None
    head: Literal["softmax", "crf", "ain", "ain-annealed", "ain-f2o"] = "crf"
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


class Tensors(NamedTuple):
    """A Batch as tensors."""

    words_BT: Tensor
    word_rows_U: Tensor
    characters_UC: Tensor
    lengths_B: Tensor

    @classmethod
    def of(cls, batch: Batch) -> Tensors:
        """Share the batch's memory."""
        return cls(
            torch.from_numpy(batch.words_BT),
            torch.from_numpy(batch.word_rows_U),
            torch.from_numpy(batch.characters_UC),
            torch.from_numpy(batch.lengths_B).long(),
        )


class Scores(NamedTuple):
    """What a network says of a batch."""

    logits_BI: Tensor
    emissions_BTK: Tensor
    lengths_B: Tensor

    def of(self, rows_S: Tensor) -> Scores:
        """Of some of the utterances."""
        return Scores(self.logits_BI[rows_S], self.emissions_BTK[rows_S], self.lengths_B[rows_S])


class IntentMLP(nn.Module):
    """Largest and mean encoder output over the tokens -> one hidden layer (GELU) -> logits_BI."""

    def __init__(self, input_size: int, n_intents: int, config: JointConfig) -> None:
        super().__init__()
        self.hidden = nn.Linear(2 * input_size, config.mlp_size)
        self.output = nn.Linear(config.mlp_size, n_intents)
        self.dropout = nn.Dropout(config.mlp_dropout)

    def forward(self, encoded_BTH: Tensor, lengths_B: Tensor) -> Tensor:
        """Padding takes no part in either pooling."""
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
        """The unary potentials of the head."""
        emissions_BTK: Tensor = self.output(self.dropout(nn.functional.gelu(self.hidden(encoded_BTH))))
        return emissions_BTK


class Tower(nn.Module):
    """An encoder and the decoders that read it."""

    def __init__(self, input_size: int, labels: Labels, encoder: EncoderConfig, config: JointConfig) -> None:
        super().__init__()
        self.encoder = ENCODERS[encoder.kind](input_size, encoder)
        width = self.encoder.output_size
        self.intent = IntentMLP(width, len(labels.intents), config) if labels.intents else None
        self.slots = SlotMLP(width, len(labels.tags), config)

    def read(self, embedded_BTE: Tensor, lengths_B: Tensor) -> Scores:
        """Intent logits (B, 0 where the corpus has no intents) and emissions."""
        encoded_BTH = self.encoder(embedded_BTE, lengths_B)
        if self.intent is None:
            logits_BI = encoded_BTH.new_zeros(len(encoded_BTH), 0)
        else:
            logits_BI = self.intent(encoded_BTH, lengths_B)
        return Scores(logits_BI, self.slots(encoded_BTH), lengths_B)


class JointNetwork(Tower):
    """Intent logits and slot emissions of a batch; the head turns emissions into losses and paths."""

    def __init__(self, labels: Labels, *, n_words: int, n_characters: int, config: JointConfig) -> None:
        embedder = Embedder(n_words, n_characters, config.embedder)
        super().__init__(embedder.output_size, labels, config.encoder, config)
        self.config = config
        self.embedder = embedder
        self.embedding_dropout = nn.Dropout(config.embedding_dropout)
        self.beside, self.companion = (
            None if encoder is None else Tower(embedder.output_size, labels, encoder, config)
            for encoder in (config.beside, config.companion)
        )
        self.head = HEADS[config.head](labels.tags, labels.scheme)

    def towers(self) -> dict[str, Tower]:
        """Its own encoder with its decoders, and the one beside it, by what the names of their parameters begin with."""
        return {"": self} if self.beside is None else {"": self, "beside.": self.beside}

    def learners(self) -> list[Tower]:
        """The towers that learn: its own and, last, a companion."""
        companions = [] if self.companion is None else [self.companion]
        return [*self.towers().values(), *companions]

    def views(self, tensors: Tensors) -> list[Scores]:
        """What each tower makes of a batch, in training the companion last; each learns by itself."""
        embedded_BTE = self.embedder(tensors.word_rows_U, tensors.characters_UC, tensors.words_BT)
        dropped_BTE = self.embedding_dropout(embedded_BTE)
        towers = self.learners() if self.training else self.towers().values()
        return [tower.read(dropped_BTE, tensors.lengths_B) for tower in towers]

    def forward(self, tensors: Tensors) -> tuple[Tensor, Tensor]:
        """logits_BI (log-probabilities of two towers' pool) and emissions_BTK."""
        views = self.views(tensors)
        if len(views) == 1:
            return views[0].logits_BI, views[0].emissions_BTK
        return opinion_pool([(view.logits_BI, view.emissions_BTK) for view in views])

    def loss(self, scores: Scores, intents_B: Tensor, tags_BT: Tensor) -> tuple[Tensor, Tensor]:
        """(alpha * IC, beta * NER), each a mean over the utterances; their sum is the paper's loss."""
        slot_loss: Tensor = self.head.loss(scores.emissions_BTK, tags_BT, scores.lengths_B)
        if self.intent is None:
            return slot_loss.new_zeros(()), self.config.beta * slot_loss
        intent_loss = nn.functional.cross_entropy(
            scores.logits_BI, intents_B, label_smoothing=self.config.label_smoothing
        )
        return self.config.alpha * intent_loss, self.config.beta * slot_loss

    def soft_loss(self, scores: Scores, teacher_probs_BI: Tensor, teacher: Expected) -> tuple[Tensor, Tensor]:
        """The same with a teacher's opinion in place of labels: cross entropies with P(intent) and with its chain."""
        slot_loss: Tensor = self.head.soft_loss(scores.emissions_BTK, teacher, scores.lengths_B)
        if self.intent is None:
            return slot_loss.new_zeros(()), self.config.beta * slot_loss
        intent_loss = nn.functional.cross_entropy(scores.logits_BI, teacher_probs_BI)
        return self.config.alpha * intent_loss, self.config.beta * slot_loss


def opinion_pool(scored: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """log_probs_BI, normalised, and emissions_BTK of the pool (see `train.ensemble`) of some (logits_BI, emissions_BTK)."""
    log_probs_BI = torch.stack([logits_BI.log_softmax(1) for logits_BI, _ in scored]).mean(0).log_softmax(1)
    return log_probs_BI, torch.stack([emissions_BTK for _, emissions_BTK in scored]).mean(0)


def new_network(labels: Labels, vocabulary: Vocabulary, config: JointConfig) -> JointNetwork:
    """A fresh network with a row for each word and character, and for padding and unknown."""
    return JointNetwork(
        labels,
        n_words=vocabulary.n_rows,
        n_characters=FIRST + len(vocabulary.characters),
        config=config,
    )
