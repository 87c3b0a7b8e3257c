"""A bundle's graphs as the pipeline sees them.

Axes: B items, T tokens, U distinct words, C characters, E word vector, F features, I intents, K tags, X classes of DC,
R readings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from polyparse.inference.length_groups import Cost
from polyparse.inference.topology import Decoded
from polyparse.runtime.grouped_session import GroupedSession
from polyparse.runtime.session import Session
from polyparse.runtime.word_vectors import WordVectors

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from polyparse.bundle.manifest import Manifest
    from polyparse.text.vectorizer import Batch

    Floats = NDArray[np.float32]


VECTOR_BYTES = 24_000_000
"""What the vectors that a model keeps may take together: 26,000 words of a network with 224 numbers each."""
SCORE = Cost(step=1, run=10)
"""Of two layers of biLSTM with 128 or 160 units, on one core: 8 or 12 microseconds a token of a row, 6 a step, 50 a run,
and as much again to gather and lay out its rows."""
DECODE = Cost(step=4, run=150)
"""Of Viterbi over 56 tags: 1.3 microseconds a token of a row, 5 a step, 38 a run, and four times as much for its rows."""


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
        grouped = device == "cpu"  # a GPU runs the padding beside the rest
        self._score = [
            GroupedSession(load(network.graphs[device].score), SCORE if grouped else None)
            for network in manifest.networks
        ]
        self._decode = [
            GroupedSession(load(network.graphs[device].decode), DECODE if grouped else None)
            for network in manifest.networks
        ]
        self._classifier = load(manifest.classifier[device]) if manifest.classifier else None

    def classify(self, batch: Batch) -> Floats | None:
        """log P_DC_BX."""
        if self._classifier is None:
            return None
        (log_probs_BX,) = self._classifier.run({"features_BF": batch.features_BF})
        return log_probs_BX

    def score(self, batch: Batch, network: int) -> tuple[Floats, Floats]:
        """log P_joint_BI and emissions_BTK."""
        rows: dict[str, NDArray[Any]] = {"words_BT": batch.words_BT, "lengths_B": batch.lengths_B}
        log_probs_BI, emissions_BTK = self._score[network].run(rows, self._words(batch, network))
        return log_probs_BI, emissions_BTK

    def decode(
        self, emissions_RTK: Floats, allowed_RK: NDArray[np.bool_], lengths_R: NDArray[np.int32], network: int
    ) -> Decoded:
        """The best paths, by the head that is inside the graph."""
        rows: dict[str, NDArray[Any]] = {
            "emissions_BTK": emissions_RTK,
            "allowed_BK": allowed_RK,
            "lengths_B": lengths_R,
        }
        return Decoded(*self._decode[network].run(rows))

    def _words(self, batch: Batch, network: int) -> dict[str, NDArray[Any]]:
        vectors = self._vectors[network]
        if vectors is None:
            return {"word_rows_U": batch.word_rows_U, "characters_UC": batch.characters_UC}
        return {"vectors_UE": vectors.of(batch.distinct)}
