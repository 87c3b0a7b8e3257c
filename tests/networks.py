"""Networks for tests of the pipeline: small and untrained, but with real arithmetic, so that a mistake in padding, order or
restriction shows in what they answer.

Axes: B items, T tokens, U distinct words, C characters, F features, E embedding, I intents, K tags, X classes of DC,
R hypotheses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from polyparse.inference.networks import Decoded
from polyparse.inference.routing import log_normalise
from polyparse.text.features import FeatureTable, utterance_features
from polyparse.text.forms import words_of
from polyparse.text.vectorizer import MAX_BYTES, Vectorizer
from polyparse.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.contract.labels import Labels
    from polyparse.text.vectorizer import Batch

Floats = NDArray[np.float32]
EMBEDDING = 12
ROWS = 97  # of each table; ids beyond it begin again


class ArithmeticNetworks:
    """A network for each inventory of labels, and a classifier of `n_classes` (0: none); `scored` says which have scored.

    A word is the sum of its id's and its characters' vectors; a token sees itself and its two neighbours; tags are chosen
    each by itself, so that illegal paths occur.
    """

    def __init__(self, labels: Sequence[Labels], *, n_classes: int, seed: int = 7) -> None:
        random = np.random.default_rng(seed)

        def weights(*shape: int) -> Floats:
            return random.normal(size=shape).astype(np.float32)

        self.scored: list[int] = []
        self._words = weights(ROWS, EMBEDDING)
        self._characters = weights(ROWS, EMBEDDING) / 2
        self._features = weights(ROWS, n_classes) / 4
        self._words[0] = self._characters[0] = self._features[0] = 0.0
        self._tags = [weights(3, EMBEDDING, len(each.tags)) for each in labels]
        self._intents = [weights(EMBEDDING, len(each.intents)) for each in labels]

    def classify(self, batch: Batch) -> Floats | None:
        """log P_DC_BX."""
        if not self._features.shape[1]:
            return None
        return log_normalise(self._features[table_rows(batch.features_BF)].sum(axis=1))

    def meet(self, batch: Batch) -> None:
        """Nothing is kept."""

    def score(self, batch: Batch, network: int) -> tuple[Floats, Floats]:
        """log P_joint_BI and emissions_BTK."""
        self.scored.append(network)
        characters_UE = self._characters[table_rows(batch.characters_UC)].sum(axis=1)
        tokens_BTE = (self._words[table_rows(batch.word_ids_U)] + characters_UE)[batch.words_BT]
        around = np.pad(tokens_BTE, ((0, 0), (1, 1), (0, 0)))
        before, itself, after = self._tags[network]
        emissions_BTK: Floats = around[:, :-2] @ before + tokens_BTE @ itself + around[:, 2:] @ after
        mean_BE = tokens_BTE.sum(axis=1) / batch.lengths_B[:, None].astype(np.float32)
        logits_BI = mean_BE @ self._intents[network]
        return log_normalise(logits_BI) if logits_BI.size else logits_BI, emissions_BTK

    def decode(
        self, emissions_RTK: Floats, allowed_RK: NDArray[np.bool_], lengths_R: NDArray[np.int32], network: int
    ) -> Decoded[NDArray[Any]]:
        """The likeliest allowed tag of each token."""
        assert emissions_RTK.shape[2] == allowed_RK.shape[1] == self._tags[network].shape[2]
        log_probs_RTK = log_normalise(np.where(allowed_RK[:, None], emissions_RTK, np.float32(-1e4)))
        inside_RT = np.arange(emissions_RTK.shape[1]) < lengths_R[:, None]
        best_RT = np.where(inside_RT, log_probs_RTK.max(axis=2), np.float32(0))
        path_RT = np.where(inside_RT, log_probs_RTK.argmax(axis=2), 0)
        return Decoded(path_RT, np.exp(best_RT), best_RT.sum(axis=1))


def table_rows(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of a table of ROWS, the padding's kept for it alone."""
    rows: NDArray[np.int64] = np.where(ids == 0, 0, 1 + ids % (ROWS - 1))
    return rows


def vectorizer_of(*corpus: str, max_bytes: int = MAX_BYTES) -> Vectorizer:
    """A vectorizer that knows every word and two features in three of a corpus."""
    sentences = [words_of(text) for text in corpus]
    features = sorted({feature for words in sentences for feature in utterance_features(words)})
    remaining = np.array([feature for feature in features if feature % 3], dtype=np.uint32)
    words = (word for sentence in sentences for word in sentence)
    vocabulary = Vocabulary.build(words, min_character_count=1)
    return Vectorizer(vocabulary, FeatureTable(remaining), max_bytes=max_bytes)
