"""Learning from several source languages at once, and against a discriminator of languages (Chen et al. 2019, algorithm 1).

    (1)  D        minimises  mean over all languages l of  -log D(l | F_s(text of l))                        F_s fixed
    (2)  network  minimises  sum over the sources l of  [ -log P(labels of l) + w sum over gates of CE(gate, l) ]
                             - lambda * sum over all languages l of  -log D(l | F_s(text of l))              D fixed

F_s is the network's shared encoder, w is `gate_weight`. Losses of slots and of gates over tokens are means over tokens, all
others over utterances. A mixture of log-probabilities is normalised in the loss as in decoding; the paper's code leaves it
as it is in the loss. What is random on unlabelled text has a generator of its own, so that runs with a discriminator and
without one drop the same out of what they learn from.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from math import exp, log
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
import torch

from polyparse.text.vectorizer import collate
from train.data.batches import EqualLengthBatches, lengths_of
from train.models.encoders.parallel import Parallel
from train.models.experts import recorded_gates
from train.models.joint import BatchTensors
from train.objectives.base import Loss
from train.objectives.losses import losses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor, nn

    from polyparse.text.vectorizer import Item
    from train.compute import Compute
    from train.data.task import Target
    from train.models.discriminator import Discriminator, LanguagesConfig
    from train.models.encoders import AnyEncoder
    from train.models.joint import JointNetwork

SHARED = "shared"
"""The name of F_s among the encoders of a network that has several."""
LABELLED, AGAINST, FOR = range(3)
"""What a batch is read for: its labels, to learn against the discriminator, to teach the discriminator."""


class Language(NamedTuple):
    """The text of a locale: a source's with labels, of another one the items alone (`targets` is empty)."""

    locale: str
    items: Sequence[Item]
    targets: Sequence[Target] = ()


class Iteration(NamedTuple):
    """What an update reads: positions in the text of each source, and of each language; `seed` draws what these lose."""

    labelled: Sequence[list[int]]
    unlabelled: Sequence[list[int]]
    seed: int


@dataclass(frozen=True)
class Iterations:
    """The updates of a pass, of batches for `purposes`; a language whose text is used up begins anew, in another order."""

    languages: Sequence[Language]
    size: int
    seed: int
    purposes: Sequence[int]

    def __len__(self) -> int:
        """The geometric mean of the numbers of the sources' batches."""
        numbers = [
            len(self._batches(place, LABELLED, 0)) for place, one in enumerate(self.languages) if one.targets
        ]
        return round(exp(sum(map(log, numbers)) / len(numbers)))

    def __iter__(self) -> Iterator[Iteration]:
        places = range(len(self.languages))
        sources = [place for place in places if self.languages[place].targets]
        labelled, text = (
            [
                self._endless(place, purpose)
                for purpose in self.purposes
                if (purpose == LABELLED) == is_labelled
                for place in (sources if is_labelled else places)
            ]
            for is_labelled in (True, False)
        )
        for number in range(len(self)):
            seed = _seed(self.seed, number, *self.purposes)
            yield Iteration([next(one) for one in labelled], [next(one) for one in text], seed)

    def _endless(self, place: int, purpose: int) -> Iterator[list[int]]:
        for number in count():
            yield from self._batches(place, purpose, number)

    def _batches(self, place: int, purpose: int, number: int) -> EqualLengthBatches:
        lengths = lengths_of(self.languages[place].items)
        return EqualLengthBatches(lengths, self.size, _seed(self.seed, place, purpose, number))


class FromSources:
    """Step (2), for a network; without a discriminator it learns from the sources' labels alone."""

    def __init__(
        self,
        network: JointNetwork,
        languages: Sequence[Language],
        config: LanguagesConfig,
        discriminator: Discriminator | None,
        *,
        batch_size: int,
    ) -> None:
        self._network, self._languages, self._config = network, languages, config
        self._discriminator, self._batch_size = discriminator, batch_size

    def batches(self, _epoch: int, seed: int) -> Iterations:
        """Batches of labels of each source, and of text of each language to learn against."""
        purposes = (LABELLED,) if self._discriminator is None else (LABELLED, AGAINST)
        return Iterations(self._languages, self._batch_size, seed, purposes)

    def loss(self, batch: Iteration, compute: Compute) -> Loss:
        """Sums over the sources; "language" is what is learnt against, and negative."""
        sources = [language for language in self._languages if language.targets]
        of_sources = [
            self._of_source(number, source, positions, compute)
            for number, (source, positions) in enumerate(zip(sources, batch.labelled, strict=True))
        ]
        intent, slot, gates = torch.stack(of_sources).sum(dim=0)
        parts = {"intent": intent, "slot": slot, "gates": self._config.gate_weight * gates}
        if self._discriminator is not None and self._config.discriminator is not None:
            with fixed(self._discriminator):
                told = _told(self._network, self._discriminator, self._languages, batch, compute)
            parts["language"] = -self._config.discriminator.weight * sum(told.losses)
        return Loss(parts, sum(map(len, batch.labelled)))

    def _of_source(self, number: int, source: Language, positions: Sequence[int], compute: Compute) -> Tensor:
        """Losses of intents, of slots and of gates, shape (3,)."""
        tensors = _tensors(source, positions, compute)
        with compute.autocast(), recorded_gates(self._network) as logits:
            scores = self._network.branch_scores(tensors)
        targets = [source.targets[position] for position in positions]
        intent, slot = losses(
            self._network, [one.float() for one in scores], targets, chain=None, gold_weight=1.0
        )
        gates = [_cross_entropy(one, number) for one in logits.values()]
        return torch.stack(
            [intent, slot / tensors.words_BT.shape[1], torch.stack([intent * 0, *gates]).sum()]
        )


class LanguagesOfText:
    """Step (1), for a discriminator; "right" are the utterances whose language it tells."""

    def __init__(
        self,
        network: JointNetwork,
        languages: Sequence[Language],
        discriminator: Discriminator,
        *,
        batch_size: int,
    ) -> None:
        self._network, self._languages = network, languages
        self._discriminator, self._batch_size = discriminator, batch_size

    def batches(self, _epoch: int, seed: int) -> Iterations:
        """Batches of text of each language."""
        return Iterations(self._languages, self._batch_size, seed, (FOR,))

    def loss(self, batch: Iteration, compute: Compute) -> Loss:
        """The mean over the languages."""
        with fixed(self._network):
            told = _told(self._network, self._discriminator, self._languages, batch, compute)
        size = sum(map(len, batch.unlabelled))
        return Loss({"language": torch.stack(told.losses).mean()}, size, told.right)


@contextmanager
def fixed(module: nn.Module) -> Iterator[None]:
    """The parameters of the module are not learnt from what is computed meanwhile."""
    learnt = [parameter for parameter in module.parameters() if parameter.requires_grad]
    for parameter in learnt:
        parameter.requires_grad = False
    try:
        yield
    finally:
        for parameter in learnt:
            parameter.requires_grad = True


def shared_encoder(network: JointNetwork) -> AnyEncoder:
    """F_s: the part called "shared", or the whole encoder where it has no parts."""
    if not isinstance(network.encoder, Parallel):
        return network.encoder
    return cast("AnyEncoder", network.encoder.parts[SHARED])


class ToldLanguages(NamedTuple):
    """Of a discriminator: its mean loss on the batch of each language, and how many utterances it is right about."""

    losses: list[Tensor]
    right: int


def _told(
    network: JointNetwork,
    discriminator: Discriminator,
    languages: Sequence[Language],
    batch: Iteration,
    compute: Compute,
) -> ToldLanguages:
    encoder, of_languages, right = shared_encoder(network), [], 0
    cuda = [compute.device] if compute.device.type == "cuda" else []
    with torch.random.fork_rng(devices=cuda):
        torch.manual_seed(batch.seed)
        for number, (language, positions) in enumerate(zip(languages, batch.unlabelled, strict=True)):
            tensors = _tensors(language, positions, compute)
            with compute.autocast():
                encoded_BTH = encoder(network.embed(tensors), tensors.lengths_B)
                logits_BL = discriminator(encoded_BTH, tensors.lengths_B).float()
            of_languages.append(_cross_entropy(logits_BL, number))
            right += int((logits_BL.argmax(dim=1) == number).sum())
    return ToldLanguages(of_languages, right)


def _tensors(language: Language, positions: Sequence[int], compute: Compute) -> BatchTensors:
    """A batch of utterances of one length."""
    return BatchTensors.of(collate([language.items[position] for position in positions]), compute.device)


def _cross_entropy(logits: Tensor, expected: int) -> Tensor:
    """The mean over tokens or utterances, all of which have the same class."""
    return -logits.float().log_softmax(dim=-1)[..., expected].mean()


def _seed(*of: int) -> int:
    return int(np.random.SeedSequence(of).generate_state(1)[0])
