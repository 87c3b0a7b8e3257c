"""Trained PyTorch networks behind the interface that polyparse's pipeline uses for exported graphs.

Axes: B items, T tokens, I intents, K tags, X classes of the DC, R hypotheses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from polyparse.inference.networks import Decoded
from train.models.joint import BatchTensors, JointNetwork

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from polyparse.text.vectorizer import Batch
    from train.models.domain_classifier import DomainClassifier
    from train.models.heads.base import Head

    Floats = NDArray[np.float32]


class TorchNetworks:
    """The joint networks (one, or one for each domain) and the DC, if any, as `polyparse.inference.networks.Networks`."""

    def __init__(self, networks: Sequence[JointNetwork], classifier: DomainClassifier | None) -> None:
        self._networks = [network.eval() for network in networks]
        self._classifier = classifier

    def classify(self, batch: Batch) -> Floats | None:
        """log P_DC_BX."""
        return None if self._classifier is None else self._classifier.log_probs(batch.features_BF)

    @torch.inference_mode()
    def score(self, batch: Batch, network: int) -> tuple[Floats, Floats]:
        """log P_joint_BI and emissions_BTK of one of the networks."""
        logits_BI, emissions_BTK = self._networks[network](BatchTensors.of(batch))
        return torch.log_softmax(logits_BI, dim=-1).numpy(), emissions_BTK.numpy()

    @torch.inference_mode()
    def decode(
        self, emissions_RTK: Floats, allowed_RK: NDArray[np.bool_], lengths_R: NDArray[np.int32], network: int
    ) -> Decoded[NDArray[Any]]:
        """The paths of each hypothesis, decoded by the head of one of the networks."""
        return decode(self._networks[network].head, emissions_RTK, allowed_RK, lengths_R)


def decode(
    head: Head, emissions_RTK: Floats, allowed_RK: NDArray[np.bool_], lengths_R: NDArray[np.int32]
) -> Decoded[NDArray[Any]]:
    """Decode by a head; arrays in, arrays out."""
    decoded = head.decode(
        torch.from_numpy(emissions_RTK), torch.from_numpy(allowed_RK), torch.from_numpy(lengths_R).long()
    )
    return Decoded(*(np.asarray(part.numpy()) for part in decoded))
