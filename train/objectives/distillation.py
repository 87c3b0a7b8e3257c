"""Knowledge distillation (Hinton, Vinyals & Dean 2015): a small network learns from soft targets of larger ones.

Axes: T tokens, I intents, K tags.

    corpus -> slot values swapped -> words substituted -> the teachers' log P(intent) and emissions -> noise -> student

The student learns from every utterance of the corpus with its gold labels and soft targets, and from as many augmented ones
with soft targets alone. Soft targets are made before noise is added to a text, so that the student learns to predict from
the noisy text what the teachers predict from the clean one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from polyparse.corpora.augmentation.slot_swap import SlotSwap
from polyparse.corpora.augmentation.word_substitution import Substitution
from polyparse.errors import ConfigError
from polyparse.inference.batches import by_length, run_batches
from polyparse.inference.routing import routed_log_probs
from polyparse.text.vectorizer import collate
from train.data.task import SoftTarget, Target, gold_target
from train.models.heads.crf import Crf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from polyparse.corpora.example import Example
    from polyparse.corpora.noise import Noiser
    from polyparse.inference.routing import Routing
    from polyparse.text.vectorizer import Item, Vectorizer
    from train.config import DistilConfig
    from train.data.task import Task
    from train.ensemble import Ensemble
    from train.models.heads.crf import Potentials

    Halves = NDArray[np.float16]

UNLABELLED = Target(intent=-1, tags_T=[])
TEACHER_BATCH = 256


class Distillation:
    """Draws the task of each epoch of a student; two instances with the same arguments draw the same tasks."""

    def __init__(
        self,
        task: Task,
        train: Sequence[Example],
        config: DistilConfig,
        teachers: TeacherEnsemble,
        vectorizer: Vectorizer,
        noiser: Noiser,
    ) -> None:
        """`vectorizer` is the student's."""
        self._task, self._config, self._teachers = task, config, teachers
        self._vectorizer, self._noiser = vectorizer, noiser
        self._train = [example for example in train if vectorizer.item(example.utterance).n_tokens]
        self._swap = SlotSwap(self._train, config.swap)
        ensemble = teachers.ensemble
        self._substitution = Substitution(
            self._train, ensemble.vocabulary.word_ids, ensemble.word_vectors_VE(), config.substitution
        )
        self._soft_targets = teachers.soft_targets(self._train)
        self._augmented: dict[int, tuple[list[Example], list[SoftTarget]]] = {}

    def draw(self, epoch: int, seed: int) -> Task:
        """The task of epoch `epoch`; `seed` draws the noise.

        Noise may change the number of tokens of an utterance, and then its soft target, which has an entry for each token of
        the clean text, does not fit. In that case a labelled utterance has no soft target, and an augmented one, which has
        nothing else, has no noise.
        """
        augmented, soft_targets = self._augment(epoch % self._config.draws)
        clean = [*self._train, *augmented]
        noisy = self._noiser.draw(clean, seed)
        items: list[Item] = []
        targets: list[Target] = []
        for position, soft_target in enumerate([*self._soft_targets, *soft_targets]):
            is_labelled = position < len(self._train)
            item = self._vectorizer.item(noisy[position].utterance)
            target = gold_target(item, noisy[position], self._task.labels) if is_labelled else UNLABELLED
            same_tokens = item.n_tokens == len(soft_target.emissions_TK)
            if not same_tokens and not is_labelled:
                item = self._vectorizer.item(clean[position].utterance)
            if same_tokens or not is_labelled:
                target = replace(target, soft_target=soft_target)
            items.append(item)
            targets.append(target)
        return replace(self._task, train=items, targets=targets, chain=self._teachers.chain)

    def _augment(self, draw: int) -> tuple[list[Example], list[SoftTarget]]:
        """Augmented corpus number `draw` with its soft targets; made once."""
        if draw not in self._augmented:
            seed = self._config.seed * 10_007 + draw
            augmented = self._substitution.draw(self._swap.draw(self._train, seed), seed)
            self._augmented[draw] = (augmented, self._teachers.soft_targets(augmented))
        return self._augmented[draw]


class TeacherEnsemble:
    """Makes soft targets: an ensemble of finished networks, whose P(intent) is mixed with their DC's by `routing`."""

    def __init__(
        self,
        ensemble: Ensemble,
        routing: Routing,
        measures: Mapping[str, float | None],
        *,
        precision: str = "float32",
    ) -> None:
        """`measures` are those of the ensemble on dev; `precision` is that of its matrix products."""
        if not isinstance(ensemble.head, Crf):
            raise ConfigError(
                f"teachers: found the head {type(ensemble.head).__name__}, expected a CRF, whose paths have soft targets"
            )
        self.ensemble, self.routing, self.measures = ensemble, routing, measures
        self._bfloat16 = precision == "bfloat16"
        self.chain: Potentials = ensemble.head.potentials()

    def soft_targets(self, examples: Sequence[Example]) -> list[SoftTarget]:
        """The soft target of each example, all of which must have a token; in batches of equal length, without padding."""
        items = [self.ensemble.vectorizer.item(example.utterance) for example in examples]
        batches = by_length([item.n_tokens for item in items], TEACHER_BATCH, equal_lengths=True)
        return run_batches(batches, items, self._soft_targets)

    def _soft_targets(self, items: Sequence[Item]) -> list[SoftTarget]:
        return list(map(SoftTarget, *self._score(items)))

    def _score(self, items: Sequence[Item]) -> tuple[Halves, Halves]:
        batch = collate(items)
        with torch.autocast("cpu", torch.bfloat16, enabled=self._bfloat16):
            log_probs_BI, emissions_BTK = self.ensemble.score(batch)
        log_probs_BI = routed_log_probs(
            log_probs_BI, self.ensemble.classify(batch), self.ensemble.labels, self.routing
        )
        relative_BTK = emissions_BTK - emissions_BTK.max(axis=2, keepdims=True)
        return log_probs_BI.astype(np.float16), relative_BTK.astype(np.float16)
