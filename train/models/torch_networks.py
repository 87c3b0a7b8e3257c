"""Trained PyTorch networks behind the interface that polyparse's pipeline uses for exported graphs.

Axes: B items, T tokens, I intents, K tags, X classes of the DC, R hypotheses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from polyparse.inference.networks import Decoded
from train.models.joint import BatchTensors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from polyparse.text.vectorizer import Batch
    from train.models.domain_classifier import DomainClassifier
    from train.models.heads.base import Head
    from train.models.joint import JointNetwork
    from train.models.token_crf import TokenCrf

    Floats = NDArray[np.float32]


class TorchNetworks:
    """The networks (one, or one for each domain) and the DC, if any, as `polyparse.inference.networks.Networks`."""

    def __init__(
        self, networks: Sequence[JointNetwork | TokenCrf], classifier: DomainClassifier | None
    ) -> None:
        self._networks = [network.eval() for network in networks]
        self._classifier = classifier

    def classify(self, batch: Batch) -> Floats | None:
        """log P_DC_BX."""
        return None if self._classifier is None else self._classifier.log_probs(batch.features_BF)

    @torch.inference_mode()
    def score(self, batch: Batch, network: int) -> tuple[Floats, Floats]:
        """log P_joint_BI and emissions_BTK of one of the networks."""
        model = self._networks[network]
        logits_BI, emissions_BTK = model(BatchTensors.of(batch, model.device))
        return torch.log_softmax(logits_BI, dim=-1).numpy(force=True), emissions_BTK.numpy(force=True)

    @torch.inference_mode()
    def decode(
        self, emissions_RTK: Floats, allowed_RK: NDArray[np.bool_], lengths_R: NDArray[np.int32], network: int
    ) -> Decoded[NDArray[Any]]:
        """The paths of each hypothesis, decoded by the head of one of the networks."""
        model = self._networks[network]
        return decode(model.head, emissions_RTK, allowed_RK, lengths_R, model.device)

    def meet(self, batch: Batch) -> None:
        """Nothing is kept."""


def decode(
    head: Head,
    emissions_RTK: Floats,
    allowed_RK: NDArray[np.bool_],
    lengths_R: NDArray[np.int32],
    device: torch.device | None = None,
) -> Decoded[NDArray[Any]]:
    """Decode by a head, which is on `device`; arrays in, arrays out."""
    decoded = head.decode(
        torch.from_numpy(emissions_RTK).to(device),
        torch.from_numpy(allowed_RK).to(device),
        torch.from_numpy(lengths_R).long().to(device),
    )
    return Decoded(*(np.asarray(part.numpy(force=True)) for part in decoded))
