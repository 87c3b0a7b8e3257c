"""Knowledge distillation (Hinton, Vinyals & Dean 2015): a small network learns from soft targets of larger ones.

Axes: T tokens, I intents, K tags.

    corpus -> slot values swapped -> words substituted -> the teachers' log P(intent) and emissions -> variation -> student

The student learns from every utterance of the corpus with its gold labels and soft targets, and from as many augmented ones
with soft targets alone. Texts that have no labels may stand in place of these, such as those of a language of which there
are none: what the teachers make of them, of which they are sure in some contexts and not in others, the student learns of
the words in all (Wu et al. 2020, "Single-/multi-source cross-lingual NER via teacher-student learning on unlabeled data in
target language"). Soft targets are made before a text is varied, by noise or by numbers in digits, so that the student
learns to predict from the varied text what the teachers predict from the clean one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from polyparse.corpora.augmentation.word_substitution import Substitution
from train.data.task import SoftTarget, Target, gold_target
from train.embeddings.word_lists import words_outside
from train.values.outside import slot_swap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.corpora.example import Example
    from polyparse.text.vectorizer import Item, Vectorizer
    from train.config import DistilConfig
    from train.data.task import Task
    from train.objectives.teachers import TeacherEnsemble

UNLABELLED = Target(intent=-1, tags_T=[])


class Variation(Protocol):
    """What happens to the texts of an epoch after their soft targets were made."""

    def draw(self, examples: Sequence[Example], seed: int, /) -> list[Example]:
        """The examples in their order, some varied, their slots moved along; the same for the same seed."""


class Distillation:
    """Draws the task of each epoch of a student; two instances with the same arguments draw the same tasks."""

    def __init__(
        self,
        task: Task,
        train: Sequence[Example],
        config: DistilConfig,
        teachers: TeacherEnsemble,
        vectorizer: Vectorizer,
        variation: Variation,
    ) -> None:
        """`vectorizer` is the student's; augmented texts are added to what it has `tokenised`.

        Raises ConfigError where `substitution.outside` draws from lists of words whose package is missing.
        """
        self._task, self._config, self._teachers = task, config, teachers
        self._vectorizer, self._variation = vectorizer, variation
        self._train = [example for example in train if vectorizer.item(example.utterance).n_tokens]
        self._swap = slot_swap(self._train, config.swap)
        ensemble = teachers.ensemble
        self._substitution = Substitution(
            self._train,
            ensemble.vocabulary.word_ids,
            ensemble.word_vectors_VE(),
            config.substitution,
            vectorizer.tokenised,
            words_outside(self._train, ensemble.vocabulary) if config.substitution.outside else None,
        )
        self._soft_targets = teachers.soft_targets(self._train)
        self._augmented: dict[int, tuple[list[Example], list[SoftTarget]]] = {}

    def read(self, texts: Sequence[Example]) -> None:
        """Learn from these texts, of which no label is read, in place of augmented ones."""
        usable = [example for example in texts if self._vectorizer.item(example.utterance).n_tokens]
        soft_targets = self._teachers.soft_targets(usable)
        self._augmented = dict.fromkeys(range(self._config.draws), (usable, soft_targets))

    def draw(self, epoch: int, seed: int) -> Task:
        """The task of epoch `epoch`; `seed` draws the variation.

        Variation may change the number of tokens of an utterance, or what it asks for, and then its soft target, which has
        an entry for each token of the clean text, does not fit. In that case a labelled utterance has no soft target, and an
        augmented one, which has nothing else, is not varied.
        """
        augmented, soft_targets = self._augment(epoch % self._config.draws)
        clean = [*self._train, *augmented]
        varied = self._variation.draw(clean, seed)
        items: list[Item] = []
        targets: list[Target] = []
        for position, soft_target in enumerate([*self._soft_targets, *soft_targets]):
            is_labelled = position < len(self._train)
            item = self._vectorizer.item(varied[position].utterance)
            target = gold_target(item, varied[position], self._task.labels) if is_labelled else UNLABELLED
            same_tokens = item.n_tokens == len(soft_target.emissions_TK)
            fits = same_tokens and varied[position].intent == clean[position].intent
            if not fits and not is_labelled:
                item = self._vectorizer.item(clean[position].utterance)
            if fits or not is_labelled:
                target = replace(target, soft_target=soft_target)
            items.append(item)
            targets.append(target)
        return replace(self._task, train=items, targets=targets, chain=self._teachers.chain)

    def _augment(self, draw: int) -> tuple[list[Example], list[SoftTarget]]:
        """Augmented corpus number `draw` with its soft targets; made once."""
        if draw not in self._augmented:
            seed, tokenised = self._config.seed * 10_007 + draw, self._vectorizer.tokenised
            swapped = self._swap.draw(self._train, seed)
            tokenised.add(example.text for example in swapped)
            augmented = self._substitution.draw(swapped, seed)
            tokenised.add(example.text for example in augmented)
            self._augmented[draw] = (augmented, self._teachers.soft_targets(augmented))
        return self._augmented[draw]
