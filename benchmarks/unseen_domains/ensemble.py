"""Networks of one config and several seeds as one: what a student learns from teachers, without the teaching.

Axes: B items, T tokens, I intents, K tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from polyparse.inference.pipeline import Judgement, Pipeline
from polyparse.inference.routing import log_normalise
from train.models.torch_networks import TorchNetworks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from polyparse.text.vectorizer import Batch, Vectorizer
    from train.checkpoint import Checkpoint

    Floats = NDArray[np.float32]


class Pool(TorchNetworks):
    """The logarithmic opinion pool of the members' intents; slots and the MaxEnt are the first member's."""

    def __init__(self, checkpoints: Sequence[Checkpoint]) -> None:
        """The checkpoints are of one corpus and differ in nothing that shapes their text tables."""
        first = checkpoints[0]
        super().__init__(first.networks(), first.classifier())
        self._others = [TorchNetworks(other.networks(), None) for other in checkpoints[1:]]

    def score(self, batch: Batch, network: int) -> tuple[Floats, Floats]:
        """log P_joint_BI and emissions_BTK."""
        log_probs_BI, emissions_BTK = super().score(batch, network)
        others = [other.score(batch, network)[0] for other in self._others]
        return log_normalise(np.mean([log_probs_BI, *others], axis=0)), emissions_BTK


def pooled(checkpoints: Sequence[Checkpoint]) -> tuple[Vectorizer, Pipeline]:
    """The members as one model, routed as the first is."""
    first = checkpoints[0]
    vectorizer, _ = first.pipeline()
    seen = Judgement(seen=first.seen_text())
    return vectorizer, Pipeline(first.labels(), "shared", first.routing(), Pool(checkpoints), seen)
