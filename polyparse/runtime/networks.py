"""A bundle's graphs as the pipeline sees them.

Axes: B items, T tokens, U distinct words, C characters, E word vector, F features, I intents, K tags, X classes of DC,
R readings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from polyparse.runtime.session import Session
from polyparse.runtime.vectors import WordVectors
from polyparse.topology import Decoded

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from polyparse.encode import Batch
    from polyparse.manifest import Manifest

    Floats = NDArray[np.float32]


VECTOR_BYTES = 24_000_000
"""What the vectors that a model keeps may take together: 24,000 words of a network with 248 numbers each."""


class OnnxNetworks:
    """One score and one decode graph a network, and the classifier's graph, or none.

    A network whose words are vectors of a graph of their own has those made once a word; another scores rows and characters.
    """

    def __init__(
        self, bundle: Path, manifest: Manifest, *, device: Literal["cpu", "cuda"], threads: int
    ) -> None:
        def load(name: str) -> Session:
            return Session(bundle / name, device=device, threads=threads)

        self._vectors = [
            None
            if (embed := network.graphs[device].embed) is None
            else WordVectors(load(embed), max_bytes=VECTOR_BYTES // len(manifest.networks))
            for network in manifest.networks
        ]
        self._score = [load(network.graphs[device].score) for network in manifest.networks]
        self._decode = [load(network.graphs[device].decode) for network in manifest.networks]
        self._classifier = load(manifest.classifier[device]) if manifest.classifier else None

    def classify(self, batch: Batch) -> Floats | None:
        """log P_DC_BX."""
        if self._classifier is None:
            return None
        (log_probs_BX,) = self._classifier.run({"features_BF": batch.features_BF})
        return log_probs_BX

    def score(self, batch: Batch, network: int) -> tuple[Floats, Floats]:
        """log P_joint_BI and emissions_BTK."""
        inputs: dict[str, NDArray[Any]] = {"words_BT": batch.words_BT, "lengths_B": batch.lengths_B}
        if (vectors := self._vectors[network]) is not None:
            inputs["vectors_UE"] = vectors.of(batch.distinct)
        else:
            inputs |= {"word_rows_U": batch.word_rows_U, "characters_UC": batch.characters_UC}
        log_probs_BI, emissions_BTK = self._score[network].run(inputs)
        return log_probs_BI, emissions_BTK

    def decode(
        self, emissions_RTK: Floats, allowed_RK: NDArray[np.bool_], lengths_R: NDArray[np.int32], network: int
    ) -> Decoded:
        """The best paths, by the head that is inside the graph."""
        inputs: dict[str, NDArray[Any]] = {
            "emissions_BTK": emissions_RTK,
            "allowed_BK": allowed_RK,
            "lengths_B": lengths_R,
        }
        return Decoded(*self._decode[network].run(inputs))
