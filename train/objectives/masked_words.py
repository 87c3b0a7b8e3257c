"""Language before labels: a network learns to name words of the training text that are hidden from it.

Axes: B utterances, T tokens, M of them hidden, U distinct words (0 is padding), H encoder, E word vector, V known words.

    log P(word | its utterance without it) = log-softmax(C (A encoded_M) + c)

C is the word table itself and A, c are left behind. A masked language model (Devlin et al. 2019, "BERT"): a share of the
tokens is read as unknown words without characters, and those that the vocabulary has are to be named. Embedder and every
tower's encoder learn; what decodes intents and slots is not touched.

The text may be that of locales too that the network is not for: their words have rows behind the table's own while it lasts.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import nn

from polyparse.text.tokens import tokenise
from polyparse.text.vectorizer import Item, Vectorizer, collate
from polyparse.text.vocabulary import FIRST, PADDING, UNKNOWN, Vocabulary
from train.models.embedder import START_SPREAD
from train.models.joint import Tensors
from train.training.loop import epoch_seed, equal_length_batches, set_rate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from polyparse.corpora.example import Example
    from train.config import RunConfig
    from train.models.embedder import Embedder
    from train.models.joint import JointNetwork


@dataclass(frozen=True)
class Learnt:
    """Of the last epoch: mean cross entropy of the hidden words, and the share that was named right."""

    loss: float
    right: float


@dataclass(frozen=True)
class Foreign:
    """Texts of locales that a network is not for; `n_words` of them have rows of their own, behind those of its table."""

    items: Sequence[Item] = ()
    n_words: int = 0

    @classmethod
    def read(cls, examples: Sequence[Example], vocabulary: Vocabulary, *, min_word_count: int) -> Foreign:
        """`vocabulary` is the network's; a word that it lacks is known where the examples have it `min_word_count` times."""
        found = Vocabulary.build(
            (token.text for example in examples for token in tokenise(example.text)),
            min_word_count=min_word_count,
        )
        own = vocabulary.word_rows
        words = tuple(word for word in found.words if word not in own)
        vectorizer = Vectorizer(Vocabulary((*vocabulary.words, *words), vocabulary.characters), features=None)
        items = [vectorizer.item(example.utterance) for example in examples]
        return cls([item for item in items if item.n_tokens], len(words))


NOTHING_FOREIGN = Foreign()


def learn(
    network: JointNetwork,
    items: Sequence[Item],
    config: RunConfig,
    foreign: Foreign = NOTHING_FOREIGN,
    on_epoch: Callable[[int], None] = lambda _number: None,
) -> Learnt:
    """Train on the texts for `config.masked_words.epochs`, at the rates of `config.optim` over as many.

    `on_epoch(number)` is called after each epoch. A run that was stopped begins anew and comes to the same.
    """
    torch.manual_seed(config.seed)
    config = replace(config, optim=replace(config.optim, epochs=config.masked_words.epochs))
    optim, found = config.optim, Learnt(0.0, 0.0)
    items = [*items, *foreign.items]
    with _more_words(network.embedder, foreign.n_words):
        model = _Namer(network)
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        optimiser = torch.optim.AdamW(trained, lr=optim.learning_rate, weight_decay=optim.weight_decay)
        for epoch in range(optim.epochs):
            found = _epoch(model, items, optimiser, config, epoch)
            on_epoch(epoch + 1)
    return found


@contextmanager
def _more_words(embedder: Embedder, n_words: int) -> Iterator[None]:
    """The word table with `n_words` more rows, which start at random; it comes back with what its own have learnt."""
    own = embedder.words
    n_own, size = own.weight.shape
    more_NE = START_SPREAD * torch.randn(n_words, size)
    embedder.words = wider = nn.Embedding.from_pretrained(  # type: ignore[no-untyped-call]
        torch.cat([own.weight.detach(), more_NE]),
        freeze=not own.weight.requires_grad,
        padding_idx=PADDING,
    )
    try:
        yield
    finally:
        embedder.words = own
        with torch.no_grad():
            own.weight.copy_(wider.weight[:n_own])


def hide(tensors: Tensors, hidden_BT: torch.Tensor) -> Tensors:
    """The batch with its hidden tokens read as one more distinct word: unknown, without characters."""
    unknown_1 = torch.full((1,), UNKNOWN)
    nothing_1C = torch.full((1, tensors.characters_UC.shape[1]), PADDING)
    return tensors._replace(
        words_BT=torch.where(hidden_BT, len(tensors.word_rows_U), tensors.words_BT),
        word_rows_U=torch.cat([tensors.word_rows_U, unknown_1]),
        characters_UC=torch.cat([tensors.characters_UC, nothing_1C]),
    )


class _Namer(nn.Module):
    """Logits over the known words for each hidden token, from each tower of a network."""

    def __init__(self, network: JointNetwork) -> None:
        super().__init__()
        towers = network.learners()
        n_words, size = network.embedder.words.weight.shape
        self.embedder, self.dropout = network.embedder, network.embedding_dropout
        self.encoders = nn.ModuleList(tower.encoder for tower in towers)
        self.projections = nn.ModuleList(nn.Linear(tower.encoder.output_size, size) for tower in towers)
        self.bias_V = nn.Parameter(torch.zeros(n_words - FIRST))

    def forward(self, tensors: Tensors, asked_BT: torch.Tensor) -> list[torch.Tensor]:
        """logits_MV of the tokens that are asked for, a tower each."""
        embedded_BTE = self.dropout(
            self.embedder(tensors.word_rows_U, tensors.characters_UC, tensors.words_BT)
        )
        known_EV = self.embedder.words.weight[FIRST:].T
        return [
            project(encoder(embedded_BTE, tensors.lengths_B)[asked_BT]) @ known_EV + self.bias_V
            for encoder, project in zip(self.encoders, self.projections, strict=True)
        ]


def _epoch(
    model: _Namer,
    items: Sequence[Item],
    optimiser: torch.optim.Optimizer,
    config: RunConfig,
    epoch: int,
) -> Learnt:
    optim, seed = config.optim, epoch_seed(config, epoch)
    torch.manual_seed(seed)
    model.train()
    batches = equal_length_batches(items, optim, seed=seed)
    total, right, asked = 0.0, 0, 0
    for done, rows in enumerate(batches, start=1):
        set_rate(optimiser, optim, (epoch + done / len(batches)) / optim.epochs)
        tensors = Tensors.of(collate([items[row] for row in rows]))
        rows_BT = tensors.word_rows_U[tensors.words_BT]
        hidden_BT = (torch.rand(rows_BT.shape) < config.masked_words.share) & (rows_BT != PADDING)
        asked_BT = hidden_BT & (rows_BT >= FIRST)
        if not asked_BT.any():
            continue
        with torch.autocast("cpu", torch.bfloat16, enabled=optim.precision == "bfloat16"):
            logits = model(hide(tensors, hidden_BT), asked_BT)
        words_M = rows_BT[asked_BT] - FIRST
        loss = torch.stack([nn.functional.cross_entropy(each.float(), words_M) for each in logits]).mean()
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(model.parameters(), optim.clip_norm)
        optimiser.step()
        total += float(loss.detach()) * len(words_M)
        right += int((logits[0].argmax(dim=1) == words_M).sum())
        asked += len(words_M)
    return Learnt(total / max(1, asked), right / max(1, asked))
