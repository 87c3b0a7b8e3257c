"""The interface of the models behind a pipeline, the same for PyTorch and ONNX Runtime.

Axes: B items, T tokens, I intents, K tags, X classes of the domain classifier (DC), R hypotheses to decode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from polyparse.text.vectorizer import Batch

    Floats = NDArray[np.float32]

ArrayT = TypeVar("ArrayT")


class Decoded(NamedTuple, Generic[ArrayT]):
    """The chosen path of each hypothesis, as NumPy arrays, as tensors, or as values of a graph.

    `path_RT` is 0 and `marginals_RT`, the probabilities of its tags, 1 beyond a length; `log_prob_R` is log P(path).
    """

    path_RT: ArrayT
    marginals_RT: ArrayT
    log_prob_R: ArrayT


class Networks(Protocol):
    """The models behind a pipeline; `network` counts a topology's networks (0 is the only one when shared)."""

    def classify(self, batch: Batch) -> Floats | None:
        """log P_DC_BX, or None without a domain classifier."""

    def score(self, batch: Batch, network: int) -> tuple[Floats, Floats]:
        """log P_joint_BI over the network's own intents, and emissions_BTK over its own tags."""

    def decode(
        self, emissions_RTK: Floats, allowed_RK: NDArray[np.bool_], lengths_R: NDArray[np.int32], network: int
    ) -> Decoded[NDArray[np.generic]]:
        """The best path of each hypothesis under the head, its tags restricted to the allowed ones."""

    def meet(self, batch: Batch) -> None:
        """Make what is kept of the batch's words, if anything, and nothing else."""
