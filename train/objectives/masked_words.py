"""Pre-training of a network without labels: it learns to predict masked words of the training text.

Axes: B utterances, T tokens, M masked ones, U distinct words (0 is padding), H encoder, E word vector, V known words.

    log P(word | its utterance without it) = log-softmax(C (A encoded_M) + c)

C is the word table itself; A and c are dropped afterwards. A masked language model (Devlin et al. 2019, "BERT"): a share of
the tokens is replaced by the unknown word without characters; those whose words the vocabulary has are to be predicted. This
trains the embedder and the encoder of every branch, not the MLPs and the head.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import nn

from polyparse.text.vectorizer import collate
from polyparse.text.vocabulary import FIRST, PADDING, UNKNOWN
from train.data.batches import epoch_seed, equal_length_batches
from train.models.joint import BatchTensors
from train.schedule import set_rate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from polyparse.text.vectorizer import Item
    from train.config import RunConfig
    from train.models.joint import JointNetwork


@dataclass(frozen=True)
class MaskedWordsResult:
    """Of the last epoch: mean cross entropy of the predicted words (nats), and the share of them predicted right."""

    loss: float
    right: float


def learn(
    network: JointNetwork,
    items: Sequence[Item],
    config: RunConfig,
    on_epoch: Callable[[int], None] = lambda _number: None,
) -> MaskedWordsResult:
    """Train for `config.masked_words.epochs` with the optimiser and learning-rate schedule of `config.optim`.

    `on_epoch(number)` is called after each epoch. A run that was stopped here starts it again and gets the same weights.
    """
    torch.manual_seed(config.seed)
    config = replace(config, optim=replace(config.optim, epochs=config.masked_words.epochs))
    optim, result = config.optim, MaskedWordsResult(0.0, 0.0)
    model = _WordPredictor(network)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=optim.learning_rate, weight_decay=optim.weight_decay)
    for epoch in range(optim.epochs):
        result = _epoch(model, items, optimiser, config, epoch)
        on_epoch(epoch + 1)
    return result


def hide(tensors: BatchTensors, hidden_BT: torch.Tensor) -> BatchTensors:
    """The batch with its hidden tokens replaced by one more distinct word: unknown, without characters."""
    unknown_1 = torch.full((1,), UNKNOWN)
    no_characters_1C = torch.full((1, tensors.characters_UC.shape[1]), PADDING)
    return tensors._replace(
        words_BT=torch.where(hidden_BT, len(tensors.word_ids_U), tensors.words_BT),
        word_ids_U=torch.cat([tensors.word_ids_U, unknown_1]),
        characters_UC=torch.cat([tensors.characters_UC, no_characters_1C]),
    )


class _WordPredictor(nn.Module):
    """Logits over the known words for each hidden token, from each branch of a network."""

    def __init__(self, network: JointNetwork) -> None:
        super().__init__()
        branches = network.trained_branches()
        n_words, size = network.embedder.words.weight.shape
        self.embedder, self.dropout = network.embedder, network.embedding_dropout
        self.encoders = nn.ModuleList(branch.encoder for branch in branches)
        self.projections = nn.ModuleList(nn.Linear(branch.encoder.output_size, size) for branch in branches)
        self.bias_V = nn.Parameter(torch.zeros(n_words - FIRST))

    def forward(self, tensors: BatchTensors, predicted_BT: torch.Tensor) -> list[torch.Tensor]:
        """logits_MV of the tokens in `predicted_BT`, from each branch."""
        embedded_BTE = self.dropout(
            self.embedder(tensors.word_ids_U, tensors.characters_UC, tensors.words_BT)
        )
        known_EV = self.embedder.words.weight[FIRST:].T
        return [
            project(encoder(embedded_BTE, tensors.lengths_B)[predicted_BT]) @ known_EV + self.bias_V
            for encoder, project in zip(self.encoders, self.projections, strict=True)
        ]


def _epoch(
    model: _WordPredictor,
    items: Sequence[Item],
    optimiser: torch.optim.Optimizer,
    config: RunConfig,
    epoch: int,
) -> MaskedWordsResult:
    optim, seed = config.optim, epoch_seed(config, epoch)
    torch.manual_seed(seed)
    model.train()
    batches = equal_length_batches(items, optim.batch_size, seed=seed)
    total, right, n_predicted = 0.0, 0, 0
    for done, batch in enumerate(batches, start=1):
        set_rate(optimiser, optim, (epoch + done / len(batches)) / optim.epochs)
        tensors = BatchTensors.of(collate([items[position] for position in batch]))
        ids_BT = tensors.word_ids_U[tensors.words_BT]
        hidden_BT = (torch.rand(ids_BT.shape) < config.masked_words.share) & (ids_BT != PADDING)
        predicted_BT = hidden_BT & (ids_BT >= FIRST)
        if not predicted_BT.any():
            continue
        with torch.autocast("cpu", torch.bfloat16, enabled=optim.precision == "bfloat16"):
            logits = model(hide(tensors, hidden_BT), predicted_BT)
        words_M = ids_BT[predicted_BT] - FIRST
        loss = torch.stack([nn.functional.cross_entropy(branch.float(), words_M) for branch in logits]).mean()
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(model.parameters(), optim.clip_norm)
        optimiser.step()
        total += float(loss.detach()) * len(words_M)
        right += int((logits[0].argmax(dim=1) == words_M).sum())
        n_predicted += len(words_M)
    return MaskedWordsResult(total / max(1, n_predicted), right / max(1, n_predicted))
