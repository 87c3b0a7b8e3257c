"""Knowledge distillation (Hinton, Vinyals & Dean 2015): a small network learns what a pool of larger ones says.

Axes: T tokens, I intents, K tags.

    corpus -> slot values swapped -> words substituted -> the teachers' log P(intent) and emissions -> noise -> student

The student sees every utterance of the corpus with its gold labels and the teachers' opinion, and as many varied ones with
the teachers' opinion alone. The teachers read a text before it is made noisy, so that noise teaches the student to see
through it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import torch

from polyparse.bounds import NOT_NEGATIVE, POSITIVE, SHARE, check_bounds
from polyparse.corpora.augmentation.slot_swap import SlotSwap, SwapConfig
from polyparse.corpora.augmentation.word_substitution import Substitution, SubstitutionConfig
from polyparse.inference.routing import routed_log_probs
from polyparse.text.vectorizer import collate
from train.data.task import Opinion, Target, gold_target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from polyparse.corpora.example import Example
    from polyparse.corpora.noise import Noiser
    from polyparse.inference.routing import Routing
    from polyparse.text.vectorizer import Item, Vectorizer
    from train.data.task import Task
    from train.ensemble import Ensemble
    from train.models.heads.crf import Potentials

    Halves = NDArray[np.float16]

UNLABELLED = Target(intent=-1, tags_T=[])
SCORED_TOGETHER = 256


@dataclass(frozen=True, kw_only=True)
class DistilConfig:
    """`gold` weighs the true labels against the teachers' opinion; `draws` varied corpora are made and used in turn.

    `seed` is that of the varied corpora: a run that goes on from another one should see new ones. `joint_weight` is the
    teachers' lambda, by which their pool and their MaxEnt speak with one voice.
    """

    gold: float = 0.3
    joint_weight: float = 0.5
    draws: int = 8
    seed: int = 0
    swap: SwapConfig = SwapConfig(utterances=0.7)
    substitution: SubstitutionConfig = SubstitutionConfig()

    def __post_init__(self) -> None:
        check_bounds(self, gold=SHARE, joint_weight=SHARE, draws=POSITIVE, seed=NOT_NEGATIVE)


class Distillation:
    """The tasks of a student's epochs. Two instances of the same arguments draw the same."""

    def __init__(
        self,
        task: Task,
        train: Sequence[Example],
        config: DistilConfig,
        teachers: Teachers,
        vectorizer: Vectorizer,
        noiser: Noiser,
    ) -> None:
        """`vectorizer` is the student's."""
        self._task, self._config, self._teachers = task, config, teachers
        self._vectorizer, self._noiser = vectorizer, noiser
        self._train = [example for example in train if vectorizer.item(example.utterance).n_tokens]
        self._swap = SlotSwap(self._train, config.swap)
        pool = teachers.ensemble
        self._substitution = Substitution(
            self._train, pool.vocabulary.word_rows, pool.word_vectors_VE(), config.substitution
        )
        self._own = teachers.opinions(self._train)
        self._varied: dict[int, tuple[list[Example], list[Opinion]]] = {}

    def draw(self, epoch: int, seed: int) -> Task:
        """What epoch `epoch` trains on; `seed` draws the noise."""
        varied, opinions = self._vary(epoch % self._config.draws)
        clean = [*self._train, *varied]
        noisy = self._noiser.draw(clean, seed)
        items: list[Item] = []
        targets: list[Target] = []
        for row, opinion in enumerate([*self._own, *opinions]):
            gold = row < len(self._train)
            item = self._vectorizer.item(noisy[row].utterance)
            target = gold_target(item, noisy[row], self._task.labels) if gold else UNLABELLED
            same_tokens = item.n_tokens == len(opinion.emissions_TK)
            if not same_tokens and not gold:  # nobody says anything of the tokens that the noise made
                item = self._vectorizer.item(clean[row].utterance)
            if same_tokens or not gold:
                target = replace(target, opinion=opinion)
            items.append(item)
            targets.append(target)
        return replace(self._task, train=items, targets=targets, chain=self._teachers.chain)

    def _vary(self, draw: int) -> tuple[list[Example], list[Opinion]]:
        if draw not in self._varied:
            seed = self._config.seed * 10_007 + draw
            varied = self._substitution.draw(self._swap.draw(self._train, seed), seed)
            self._varied[draw] = (varied, self._teachers.opinions(varied))
        return self._varied[draw]


class Teachers:
    """A pool of finished networks and their MaxEnt, speaking with one voice."""

    def __init__(
        self,
        ensemble: Ensemble,
        routing: Routing,
        measures: Mapping[str, float | None],
        *,
        precision: str = "float32",
    ) -> None:
        """`measures` are those that they reach together on dev; `precision` is that of the opinions' matrix products."""
        self.ensemble, self.routing, self.measures = ensemble, routing, measures
        self._half = precision == "bfloat16"
        self.chain: Potentials = ensemble.head.potentials()

    def opinions(self, examples: Sequence[Example]) -> list[Opinion]:
        """What they say of each example, all of which have a token; runs in batches of one length, without padding."""
        items = [self.ensemble.vectorizer.item(example.utterance) for example in examples]
        order = sorted(range(len(items)), key=lambda row: items[row].n_tokens)
        found: dict[int, Opinion] = {}
        for _, group in groupby(order, key=lambda row: items[row].n_tokens):
            for rows in batched(list(group), SCORED_TOGETHER):
                log_probs_BI, emissions_BTK = self._score([items[row] for row in rows])
                for row, log_probs_I, emissions_TK in zip(rows, log_probs_BI, emissions_BTK, strict=True):
                    found[row] = Opinion(log_probs_I, emissions_TK)
        return [found[row] for row in range(len(items))]

    def _score(self, items: Sequence[Item]) -> tuple[Halves, Halves]:
        batch = collate(items)
        with torch.autocast("cpu", torch.bfloat16, enabled=self._half):
            log_probs_BI, emissions_BTK = self.ensemble.score(batch)
        log_probs_BI = routed_log_probs(
            log_probs_BI, self.ensemble.classify(batch), self.ensemble.labels, self.routing
        )
        relative_BTK = emissions_BTK - emissions_BTK.max(axis=2, keepdims=True)
        return log_probs_BI.astype(np.float16), relative_BTK.astype(np.float16)


def batched(rows: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """Cut into runs of `size`; the last may be shorter."""
    for first in range(0, len(rows), size):
        yield rows[first : first + size]
