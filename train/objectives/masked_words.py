"""Pre-training of a network without labels: it learns to predict masked words of the training text.

Axes: B utterances, T tokens, M masked ones, U distinct words (0 is padding), H encoder, E word vector, V known words.

    log P(word | its utterance without it) = log-softmax(C (A encoded_M) + c)

C is the word table itself; A and c are dropped afterwards. A masked language model (Devlin et al. 2019, "BERT"): a share of
the tokens is replaced by the unknown word without characters; those whose words the vocabulary has are to be predicted. This
trains the embedder and the encoder of every branch, not the MLPs and the head.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from polyparse.text.vectorizer import collate
from polyparse.text.vocabulary import FIRST, PADDING, UNKNOWN
from train.data.batches import EqualLengthBatches, lengths_of
from train.models.joint import BatchTensors
from train.objectives.base import Loss

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.text.vectorizer import Item
    from train.compute import Compute
    from train.models.joint import JointNetwork


class MaskedWords:
    """Cross entropy of hidden words, a `share` of all tokens; "right" are those that the first branch predicts."""

    def __init__(
        self, predictor: WordPredictor, items: Sequence[Item], *, batch_size: int, share: float
    ) -> None:
        self._predictor, self._items = predictor, items
        self._lengths = lengths_of(items)
        self._batch_size, self._share = batch_size, share

    def batches(self, _epoch: int, seed: int) -> EqualLengthBatches:
        """Positions of all items, in batches of one length."""
        return EqualLengthBatches(self._lengths, self._batch_size, seed)

    def loss(self, batch: list[int], compute: Compute) -> Loss | None:
        """Mean over the predicted words and the branches, in nats; None where no known word is hidden."""
        tensors = BatchTensors.of(collate([self._items[position] for position in batch]), compute.device)
        ids_BT = tensors.word_ids_U[tensors.words_BT]
        hidden_BT = (torch.rand(ids_BT.shape, device=compute.device) < self._share) & (ids_BT != PADDING)
        predicted_BT = hidden_BT & (ids_BT >= FIRST) & (ids_BT < self._predictor.n_words)
        if not predicted_BT.any():
            return None
        with compute.autocast():
            logits = self._predictor(hide(tensors, hidden_BT), predicted_BT)
        words_M = ids_BT[predicted_BT] - FIRST
        losses = [nn.functional.cross_entropy(branch.float(), words_M) for branch in logits]
        right = int((logits[0].argmax(dim=1) == words_M).sum())
        return Loss({"masked words": torch.stack(losses).mean()}, len(words_M), right)


def hide(tensors: BatchTensors, hidden_BT: torch.Tensor) -> BatchTensors:
    """The batch with its hidden tokens replaced by one more distinct word: unknown, without characters."""
    unknown_1 = torch.full((1,), UNKNOWN, device=hidden_BT.device)
    no_characters_1C = torch.full((1, tensors.characters_UC.shape[1]), PADDING, device=hidden_BT.device)
    return tensors._replace(
        words_BT=torch.where(hidden_BT, len(tensors.word_ids_U), tensors.words_BT),
        word_ids_U=torch.cat([tensors.word_ids_U, unknown_1]),
        characters_UC=torch.cat([tensors.characters_UC, no_characters_1C]),
    )


class WordPredictor(nn.Module):
    """Logits over the known words for each hidden token, from each branch of a network."""

    def __init__(self, network: JointNetwork) -> None:
        super().__init__()
        branches = network.trained_branches()
        self.n_words, size = network.embedder.words.weight.shape
        self.embedder, self.dropout = network.embedder, network.embedding_dropout
        self.encoders = nn.ModuleList(branch.encoder for branch in branches)
        self.projections = nn.ModuleList(nn.Linear(branch.encoder.output_size, size) for branch in branches)
        self.bias_V = nn.Parameter(torch.zeros(self.n_words - FIRST))

    def forward(self, tensors: BatchTensors, predicted_BT: torch.Tensor) -> list[torch.Tensor]:
        """logits_MV of the tokens in `predicted_BT`, from each branch."""
        embedded_BTE = self.dropout(
            self.embedder(tensors.word_ids_U, tensors.characters_UC, tensors.words_BT)
        )
        known_EV = self.embedder.word_vectors()[FIRST : self.n_words].T
        return [
            project(encoder(embedded_BTE, tensors.lengths_B)[predicted_BT]) @ known_EV + self.bias_V
            for encoder, project in zip(self.encoders, self.projections, strict=True)
        ]
