"""Several finished networks as one: their logarithmic opinion pool (Smith, Cohn & Osborne 2005).

Axes: B items, T tokens, I intents, K tags, R readings, V rows of a vocabulary.

The mean of log-probabilities of intents is a distribution again, up to its sum; the mean of the potentials of several CRFs
is a CRF again. So a pool scores and decodes like one network, and its answers have exact probabilities. Members may differ
in size and in vocabulary; text is read under the largest one, whose rows each member looks up in its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from polyparse.errors import ConfigError
from polyparse.inference.pipeline import Pipeline
from polyparse.text.vectorizer import Vectorizer
from polyparse.text.vocabulary import PADDING, UNKNOWN
from train.models.heads.crf import Crf
from train.models.joint import Tensors, opinion_pool
from train.models.torch_networks import decode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from polyparse.contract.labels import Labels
    from polyparse.inference.routing import Routing
    from polyparse.inference.topology import Decoded
    from polyparse.text.vectorizer import Batch
    from train.checkpoint import Checkpoint
    from train.models.domain_classifier import DomainClassifier
    from train.models.joint import JointNetwork

    Floats = NDArray[np.float32]


class Member:
    """A network behind tables that lead from the rows of the common vocabulary to its own."""

    def __init__(
        self, network: JointNetwork, word_rows_V: torch.Tensor, character_rows_V: torch.Tensor
    ) -> None:
        self.network = network.eval()
        self.word_rows_V, self.character_rows_V = word_rows_V, character_rows_V

    def score(self, tensors: Tensors) -> tuple[torch.Tensor, torch.Tensor]:
        """logits_BI and emissions_BTK."""
        own = tensors._replace(
            word_rows_U=self.word_rows_V[tensors.word_rows_U],
            characters_UC=self.character_rows_V[tensors.characters_UC],
        )
        logits_BI, emissions_BTK = self.network(own)
        return logits_BI.float(), emissions_BTK.float()


class Ensemble:
    """A pool of finished runs, as polyparse's pipeline sees it (`polyparse.inference.topology.Networks`)."""

    def __init__(self, checkpoints: Sequence[Checkpoint]) -> None:
        """Read the runs; the first one with a MaxEnt gives the pool's. A run named n times weighs n times, and runs once.

        Raises:
            ConfigError: a run is unfinished, has other labels than the first, no CRF, or a network a domain.
        """
        if not checkpoints:
            raise ConfigError("teachers: found none, expected the folder of at least one finished run")
        self.labels: Labels = _same_labels(checkpoints)
        distinct = {checkpoint.folder: checkpoint for checkpoint in checkpoints}
        vocabularies = {folder: checkpoint.tables().vocabulary for folder, checkpoint in distinct.items()}
        self.vocabulary = max(vocabularies.values(), key=lambda vocabulary: len(vocabulary.words))
        members = {
            folder: Member(
                checkpoint.networks()[0],
                _translation(self.vocabulary.word_rows, vocabularies[folder].word_rows),
                _translation(self.vocabulary.character_rows, vocabularies[folder].character_rows),
            )
            for folder, checkpoint in distinct.items()
        }
        self._members = [members[checkpoint.folder] for checkpoint in checkpoints]
        self.head = _pooled([member.network.head for member in self._members])
        self.classifier: DomainClassifier | None = None
        features = None
        for checkpoint in checkpoints:
            if self.classifier is None and (found := checkpoint.classifier()) is not None:
                self.classifier, features = found, checkpoint.tables().features
        self.vectorizer = Vectorizer(self.vocabulary, features)

    def classify(self, batch: Batch) -> Floats | None:
        """log P_DC_BX."""
        return None if self.classifier is None else self.classifier.log_probs(batch.features_BF)

    @torch.inference_mode()
    def score(self, batch: Batch, _network: int = 0) -> tuple[Floats, Floats]:
        """log P_joint_BI, normalised, and emissions_BTK: the members' means."""
        tensors = Tensors.of(batch)
        scores = {member: member.score(tensors) for member in dict.fromkeys(self._members)}
        log_probs_BI, emissions_BTK = opinion_pool([scores[member] for member in self._members])
        return log_probs_BI.numpy(), emissions_BTK.numpy()

    @torch.inference_mode()
    def decode(
        self,
        emissions_RTK: Floats,
        allowed_RK: NDArray[np.bool_],
        lengths_R: NDArray[np.int32],
        _network: int = 0,
    ) -> Decoded:
        """The best paths under the mean potentials."""
        return decode(self.head, emissions_RTK, allowed_RK, lengths_R)

    def word_vectors_VE(self) -> Floats:
        """Each word as the members see it: their unit vectors side by side."""
        found = [
            nn.functional.normalize(member.network.embedder.words.weight[member.word_rows_V], dim=1)
            for member in self._members
        ]
        return torch.cat(found, dim=1).detach().numpy()

    def pipeline(self, routing: Routing) -> Pipeline:
        """Items of `vectorizer` to frames."""
        return Pipeline(self.labels, "shared", routing, self)


def _same_labels(checkpoints: Sequence[Checkpoint]) -> Labels:
    for checkpoint in checkpoints:
        if not checkpoint.complete:
            raise ConfigError(
                f"teachers: {checkpoint.folder}: found an unfinished run, expected a finished one"
            )
        config = checkpoint.run().config
        if (config.topology, config.joint.head) != ("shared", "crf"):
            raise ConfigError(
                f"teachers: {checkpoint.folder}: found topology {config.topology} with head {config.joint.head}, "
                "expected shared with crf"
            )
        if checkpoint.labels() != checkpoints[0].labels():
            raise ConfigError(
                f"teachers: {checkpoint.folder}: found other labels than in {checkpoints[0].folder}, expected the same"
            )
    return checkpoints[0].labels()


def _translation(rows: Mapping[str, int], own: Mapping[str, int]) -> torch.Tensor:
    """own_rows_V for the rows of a vocabulary; what the other does not have is unknown to it."""
    found = [PADDING, UNKNOWN, *(own.get(entry, UNKNOWN) for entry in rows)]
    return torch.tensor(found)


def _pooled(heads: Sequence[nn.Module]) -> Crf:
    """A CRF with the heads' mean potentials."""
    first = heads[0]
    if not isinstance(first, Crf):
        raise TypeError(f"found a head {type(first).__name__}, expected Crf")
    pooled = Crf(first.tags, first.scheme)
    with torch.no_grad():
        for name, parameter in pooled.named_parameters():
            parameter.copy_(torch.stack([head.get_parameter(name) for head in heads]).mean(0))
    return pooled.eval()
