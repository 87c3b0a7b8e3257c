"""An ensemble: finished networks as one model, their product of experts ("logarithmic opinion pool", Smith et al. 2005).

Axes: B items, T tokens, I intents, K tags, R hypotheses, V ids of the common vocabulary.

The mean of log-probabilities of intents, normalised, is a distribution again, and the mean of the potentials of several CRFs
is a CRF again. So an ensemble scores and decodes like one network, and its probabilities are exact. Members may differ in
size and in vocabulary: text is turned into ids of the largest vocabulary, which are translated into each member's own ids.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from polyparse.errors import ConfigError
from polyparse.inference.parser import Parser
from polyparse.inference.pipeline import Pipeline
from polyparse.text.vectorizer import Vectorizer
from polyparse.text.vocabulary import PADDING, UNKNOWN
from train.compute import CPU
from train.finished import networks_of
from train.models.joint import BatchTensors, JointNetwork
from train.models.torch_networks import decode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from polyparse.contract.labels import Labels
    from polyparse.inference.networks import Decoded
    from polyparse.inference.pipeline import Postprocessing
    from polyparse.inference.routing import Routing
    from polyparse.text.tokenised import TokenisedTexts
    from polyparse.text.vectorizer import Batch
    from train.checkpoint import Checkpoint
    from train.models.domain_classifier import DomainClassifier
    from train.models.heads import AnyHead
    from train.models.heads.base import Head

    Floats = NDArray[np.float32]


class Member:
    """A network, and tables that translate ids of the common vocabulary into its own."""

    def __init__(self, network: JointNetwork, word_ids_V: Tensor, character_ids_V: Tensor) -> None:
        self.network = network.eval()
        self.word_ids_V, self.character_ids_V = word_ids_V, character_ids_V

    def score(self, tensors: BatchTensors) -> tuple[Tensor, Tensor]:
        """logits_BI and emissions_BTK."""
        translated = tensors._replace(
            word_ids_U=self.word_ids_V[tensors.word_ids_U],
            characters_UC=self.character_ids_V[tensors.characters_UC],
        )
        logits_BI, emissions_BTK = self.network(translated)
        return logits_BI.float(), emissions_BTK.float()


class Ensemble:
    """Finished runs as one model; implements `polyparse.inference.networks.Networks`."""

    def __init__(
        self,
        checkpoints: Sequence[Checkpoint],
        *,
        device: torch.device = CPU,
        tokenised: TokenisedTexts | None = None,
    ) -> None:
        """Load the runs onto the device; the first DC among them is the ensemble's.

        A run named n times has n times the weight, at no cost. Texts that are `tokenised` are not cut again.

        Raises:
            ConfigError: a run is unfinished, has a network for each domain, or other labels or another head than the first.
        """
        if not checkpoints:
            raise ConfigError("ensemble: found no member, expected the folder of at least one finished run")
        for checkpoint in checkpoints:
            _check(checkpoint, checkpoints[0])
        self.labels: Labels = checkpoints[0].labels()
        self._device = device
        distinct = {checkpoint.folder: checkpoint for checkpoint in checkpoints}
        vocabularies = {folder: checkpoint.tables().vocabulary for folder, checkpoint in distinct.items()}
        self.vocabulary = max(vocabularies.values(), key=lambda vocabulary: len(vocabulary.words))
        members = {
            folder: Member(
                _joint_network(checkpoint).to(device),
                _translation(self.vocabulary.word_ids, vocabularies[folder].word_ids).to(device),
                _translation(self.vocabulary.character_ids, vocabularies[folder].character_ids).to(device),
            )
            for folder, checkpoint in distinct.items()
        }
        self._members = [members[checkpoint.folder] for checkpoint in checkpoints]
        self.head: Head = _mean_head([member.network.head for member in self._members], device)
        self.classifier: DomainClassifier | None = None
        features = None
        for checkpoint in checkpoints:
            if self.classifier is None and (classifier := checkpoint.classifier()) is not None:
                self.classifier, features = classifier, checkpoint.tables().features
        self.vectorizer = Vectorizer(self.vocabulary, features, tokenised=tokenised)

    def classify(self, batch: Batch) -> Floats | None:
        """log P_DC_BX."""
        return None if self.classifier is None else self.classifier.log_probs(batch.features_BF)

    def meet(self, batch: Batch) -> None:
        """Nothing is kept."""

    @torch.inference_mode()
    def score(self, batch: Batch, _network: int = 0) -> tuple[Floats, Floats]:
        """log P_joint_BI, normalised, and emissions_BTK: the members' means."""
        tensors = BatchTensors.of(batch, self._device)
        scores = {member: member.score(tensors) for member in dict.fromkeys(self._members)}
        log_probs_BI, emissions_BTK = product_of_experts([scores[member] for member in self._members])
        return log_probs_BI.numpy(force=True), emissions_BTK.numpy(force=True)

    @torch.inference_mode()
    def decode(
        self,
        emissions_RTK: Floats,
        allowed_RK: NDArray[np.bool_],
        lengths_R: NDArray[np.int32],
        _network: int = 0,
    ) -> Decoded[NDArray[Any]]:
        """The best paths under the mean potentials."""
        return decode(self.head, emissions_RTK, allowed_RK, lengths_R, self._device)

    def word_vectors_VE(self) -> Floats:
        """Each word's vectors in all members, scaled to unit length and concatenated."""
        vectors = [
            nn.functional.normalize(member.network.embedder.word_vectors()[member.word_ids_V], dim=1)
            for member in self._members
        ]
        return torch.cat(vectors, dim=1).numpy(force=True)

    def parser(self, routing: Routing, postprocessing: Postprocessing | None = None) -> Parser:
        """The ensemble as a parser."""
        return Parser(self.vectorizer, Pipeline(self.labels, "shared", routing, self, postprocessing))


def product_of_experts(scores: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """log_probs_BI, normalised, and emissions_BTK: the means of some (logits_BI, emissions_BTK)."""
    log_probs_BI = torch.stack([logits_BI.log_softmax(1) for logits_BI, _ in scores]).mean(0).log_softmax(1)
    return log_probs_BI, torch.stack([emissions_BTK for _, emissions_BTK in scores]).mean(0)


def _check(checkpoint: Checkpoint, first: Checkpoint) -> None:
    if not checkpoint.complete:
        raise ConfigError(f"ensemble: {checkpoint.folder}: found an unfinished run, expected a finished one")
    config, head = checkpoint.run().config, first.run().config.joint.head
    if (config.topology, config.joint.head) != ("shared", head):
        raise ConfigError(
            f"ensemble: {checkpoint.folder}: found topology {config.topology} with head {config.joint.head}, "
            f"expected shared with {head}"
        )
    if checkpoint.tables().vocabulary.case_marks != first.tables().vocabulary.case_marks:
        raise ConfigError(
            f"ensemble: {checkpoint.folder}: found a reading of case other than in {first.folder}, expected the same"
        )
    if checkpoint.labels() != first.labels():
        raise ConfigError(
            f"ensemble: {checkpoint.folder}: found other labels than in {first.folder}, expected the same"
        )


def _joint_network(checkpoint: Checkpoint) -> JointNetwork:
    network = networks_of(checkpoint)[0]
    if not isinstance(network, JointNetwork):
        raise ConfigError(
            f"ensemble: {checkpoint.folder}: found recipe {checkpoint.run().config.recipe}, expected one with a "
            "joint network"
        )
    return network


def _translation(ids: Mapping[str, int], ids_of_member: Mapping[str, int]) -> Tensor:
    """The member's id for each id of the common vocabulary; UNKNOWN for an entry that the member does not have."""
    return torch.tensor([PADDING, UNKNOWN, *(ids_of_member.get(entry, UNKNOWN) for entry in ids)])


def _mean_head(heads: Sequence[AnyHead], device: torch.device) -> Head:
    """A head with the heads' mean potentials."""
    mean = deepcopy(heads[0]).to(device)
    head_parameters = [dict(head.named_parameters()) for head in heads]
    with torch.no_grad():
        for name, parameter in mean.named_parameters():
            parameter.copy_(torch.stack([parameters[name] for parameters in head_parameters]).mean(0))
    return mean.eval()
