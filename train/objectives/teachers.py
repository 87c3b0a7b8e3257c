"""Teachers: an ensemble of finished networks that makes soft targets for a student.

Axes: B utterances, T tokens, I intents, K tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from polyparse.errors import ConfigError
from polyparse.inference.batches import by_length, run_batches
from polyparse.inference.routing import routed_log_probs
from polyparse.text.vectorizer import collate
from train.data.task import SoftTarget
from train.models.heads.crf import Crf
from train.objectives.soft_target_cache import TopK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from polyparse.corpora.example import Example
    from polyparse.inference.routing import Routing
    from polyparse.text.vectorizer import Item
    from train.compute import Compute
    from train.ensemble import Ensemble
    from train.models.heads.crf import Potentials
    from train.objectives.soft_target_cache import SoftTargetCache

    Halves = NDArray[np.float16]

TEACHER_BATCH = 256


class TeacherEnsemble:
    """Makes soft targets: an ensemble of finished networks, whose P(intent) is mixed with their DC's by `routing`."""

    def __init__(
        self,
        ensemble: Ensemble,
        routing: Routing,
        compute: Compute,
        *,
        top: TopK = TopK(),  # noqa: B008 - immutable
        cache: SoftTargetCache | None = None,
    ) -> None:
        """The ensemble has to be on the device of `compute`; a `cache` has to be for this way of making soft targets."""
        if not isinstance(ensemble.head, Crf):
            raise ConfigError(
                f"teachers: found the head {type(ensemble.head).__name__}, expected a CRF, whose paths have soft targets"
            )
        self.ensemble, self.routing = ensemble, routing
        self._compute, self._top, self._cache = compute, top, cache
        self.chain: Potentials = ensemble.head.potentials()

    def soft_targets(self, examples: Sequence[Example]) -> list[SoftTarget]:
        """The soft target of each example, all of which must have a token; in batches of equal length, without padding.

        They are read from the cache, where it has them, and else written to it.
        """
        if self._cache is None:
            return self._made(examples)
        texts = [example.text for example in examples]
        if (targets := self._cache.find(texts)) is None:
            targets = self._made(examples)
            self._cache.save(texts, targets, self._top)
        return targets

    def _made(self, examples: Sequence[Example]) -> list[SoftTarget]:
        items = [self.ensemble.vectorizer.item(example.utterance) for example in examples]
        batches = by_length([item.n_tokens for item in items], TEACHER_BATCH, equal_lengths=True)
        return run_batches(batches, items, self._soft_targets)

    def _soft_targets(self, items: Sequence[Item]) -> list[SoftTarget]:
        return [self._top.of(target) for target in map(SoftTarget, *self._score(items))]

    def _score(self, items: Sequence[Item]) -> tuple[Halves, Halves]:
        batch = collate(items)
        with self._compute.autocast():
            log_probs_BI, emissions_BTK = self.ensemble.score(batch)
        log_probs_BI = routed_log_probs(
            log_probs_BI, self.ensemble.classify(batch), self.ensemble.labels, self.routing
        )
        relative_BTK = emissions_BTK - emissions_BTK.max(axis=2, keepdims=True)
        return log_probs_BI.astype(np.float16), relative_BTK.astype(np.float16)
