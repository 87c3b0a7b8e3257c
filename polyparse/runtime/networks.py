"""The `Networks` that a pipeline needs, over a bundle's ONNX graphs.

Axes: B items, T tokens, U distinct words, C characters, E word vector, F features, L features of a token, I intents,
K tags, X classes of DC, R hypotheses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from polyparse.inference.length_groups import Cost
from polyparse.inference.networks import Decoded
from polyparse.runtime.bucketed_session import BucketedSession
from polyparse.runtime.grouped_session import GroupedSession
from polyparse.runtime.session import Session
from polyparse.runtime.word_vectors import AT_ONCE, WordVectorCache

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from polyparse.bundle.manifest import Graphs, Manifest
    from polyparse.runtime.session import Device
    from polyparse.text.vectorizer import Batch

    Floats = NDArray[np.float32]


VECTOR_BYTES = 16_000_000
"""The most bytes that a model's cached word vectors may take: 13,900 words of a network with 224 numbers each."""
SCORE = Cost(step=1, run=10)
"""Measured with two layers of biLSTM of 128 or 160 units on one core: 8 or 12 microseconds a token of a sequence, 6 a step,
50 a run, and as much again to gather and lay out its sequences."""
DECODE = Cost(step=4, run=150)
"""Measured with Viterbi over 56 tags: 1.3 microseconds a token of a sequence, 5 a step, 38 a run, and four times as much to
gather."""


WARM_WORDS = {"U": 1 + AT_ONCE, "C": 64}
"""On a GPU the embed graph has run every shape of so many new words and characters before it serves."""


class OnnxNetworks:
    """One score and one decode graph for each network, and the classifier's graph where there is one.

    The score graph gets word vectors where the network has an embed graph, else word ids and characters; or, where the
    bundle has a table of them, the features of tokens and nothing else.
    """

    def __init__(
        self,
        bundle: Path,
        manifest: Manifest,
        *,
        device: Device,
        threads: int,
        pause: Callable[[], None] = lambda: None,
    ) -> None:
        """`pause` is called after each graph that is loaded."""

        def load(name: str, kept: Collection[str] = ()) -> Session | BucketedSession:
            session = Session(bundle / name, manifest.tensors[name], device=device, threads=threads)
            pause()
            return session if device == "cpu" else BucketedSession(session, kept=kept)

        def embed(name: str) -> Session | BucketedSession:
            graph = load(name)
            if isinstance(graph, BucketedSession):
                graph.warm_up(WARM_WORDS)
            return graph

        def grouped(graph: Session | BucketedSession, cost: Cost) -> GroupedSession:
            # on a GPU padding costs nothing, since it runs in parallel with the rest
            return GroupedSession(graph, cost if device == "cpu" else None)

        def score(graphs: Graphs) -> GroupedSession:
            _, emissions = manifest.tensors[graphs.score].outputs
            session = load(graphs.score, kept=(emissions.name,))
            packed = session.is_packed if graphs.layout is None else graphs.layout == "packed"
            return GroupedSession(session, None, pads=False) if packed else grouped(session, SCORE)

        self._reads_token_features = manifest.text.token_features is not None
        graphs = [network.graphs[device] for network in manifest.networks]
        self._vectors = [
            None
            if each.embed is None
            else WordVectorCache(
                embed(each.embed),
                max_bytes=VECTOR_BYTES // len(manifest.networks),
                case_marks=manifest.text.case_marks,
            )
            for each in graphs
        ]
        self._score = [score(each) for each in graphs]
        self._decode = [grouped(load(each.decode), DECODE) for each in graphs]
        self._classifier = load(manifest.classifier[device]) if manifest.classifier else None

    def classify(self, batch: Batch) -> Floats | None:
        """log P_DC_BX."""
        if self._classifier is None:
            return None
        (log_probs_BX,) = self._classifier.run({"features_BF": batch.features_BF})
        return log_probs_BX

    def score(self, batch: Batch, network: int) -> tuple[Floats, Floats]:
        """log P_joint_BI and emissions_BTK; on a GPU what stands for these, and stays there until `decode` gets it."""
        log_probs_BI, emissions_BTK = self._score[network].run(*self._inputs(batch, network), batch.work)
        return log_probs_BI, emissions_BTK

    def decode(
        self, emissions_RTK: Floats, allowed_RK: NDArray[np.bool_], lengths_R: NDArray[np.int32], network: int
    ) -> Decoded[NDArray[Any]]:
        """The best paths, by the head that is inside the graph."""
        sequences: dict[str, NDArray[Any]] = {
            "emissions_BTK": emissions_RTK,
            "allowed_BK": allowed_RK,
            "lengths_B": lengths_R,
        }
        return Decoded(*self._decode[network].run(sequences))

    def meet(self, batch: Batch) -> None:
        """The vectors of the batch's words, in every network that keeps some."""
        for vectors in self._vectors:
            if vectors is not None:
                vectors.of(batch.distinct)

    def _inputs(self, batch: Batch, network: int) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
        """What a score graph reads: tensors with an entry for each sequence, and those of the batch's words."""
        if self._reads_token_features:
            return {"token_features_BTL": batch.token_features_BTL, "lengths_B": batch.lengths_B}, {}
        return {"words_BT": batch.words_BT, "lengths_B": batch.lengths_B}, self._word_inputs(batch, network)

    def _word_inputs(self, batch: Batch, network: int) -> dict[str, NDArray[Any]]:
        vectors = self._vectors[network]
        if vectors is None:
            return {"word_rows_U": batch.word_ids_U, "characters_UC": batch.characters_UC}
        return {"vectors_UE": vectors.of(batch.distinct)}
