"""What the utterances of each epoch are: those of the corpus, augmented ones, or ones with soft targets of teachers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from polyparse.corpora.augmentation.code_switching import CodeSwitching
from polyparse.corpora.augmentation.everyday_words import EverydayWords
from polyparse.corpora.augmentation.written_forms import WrittenForms
from polyparse.corpora.noise import Noiser
from polyparse.inference.routing import Routing
from polyparse.schema import unstructure
from train.compute import Compute
from train.data.task import build_targets
from train.ensemble import Ensemble
from train.objectives.distillation import Distillation
from train.objectives.soft_target_cache import SoftTargetCache, TopK, digest_of, digest_of_teachers
from train.objectives.teachers import TeacherEnsemble
from train.postprocessing.routing import choose_routing
from train.stopwatch import Stopwatch
from train.values.outside import slot_swap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.corpora.example import Example
    from polyparse.text.tokenised import TokenisedTexts
    from polyparse.text.vectorizer import Vectorizer
    from train.data.task import Task
    from train.objectives.distillation import Variation
    from train.objectives.supervised import TaskOfEpoch
    from train.training.run import RunContext


def task_of_epoch(
    run: RunContext, task: Task, train: Sequence[Example], vectorizer: Vectorizer
) -> TaskOfEpoch:
    """A function (epoch, seed) -> task: with soft targets if there are teachers, else augmented as the config has it."""
    config = run.config
    shares = (
        config.swap.utterances,
        config.switch.words,
        config.everyday.utterances,
        config.written.utterances,
    )
    if not (run.parents.teachers or any(shares) or config.noise.is_on):
        return lambda _epoch, _seed: task
    typed = _Typed(run, train, vectorizer.tokenised)
    if run.parents.teachers:
        teachers = _teachers(run, task.dev, vectorizer.tokenised)
        distillation = Distillation(task, train, config.distil, teachers, vectorizer, typed)
        if config.distil.texts == "unlabelled":
            distillation.read(run.unlabelled)
        return distillation.draw
    swap = slot_swap(train, config.swap)

    def augmented(_epoch: int, seed: int) -> Task:
        items, targets = build_targets(typed.draw(swap.draw(train, seed), seed), task.labels, vectorizer)
        return replace(task, train=items, targets=targets)

    return augmented


class _Typed:
    """Utterances as people type them: other languages, everyday words, digits, then noise, each for its share of them."""

    def __init__(self, run: RunContext, train: Sequence[Example], tokenised: TokenisedTexts) -> None:
        config = run.config
        self._variations: tuple[Variation, ...] = (
            CodeSwitching(run.dictionaries, config.switch, tokenised),
            EverydayWords(train, config.everyday),
            WrittenForms(config.written),
            Noiser(train, config.noise),
        )

    def draw(self, examples: Sequence[Example], seed: int) -> list[Example]:
        varied = list(examples)
        for variation in self._variations:
            varied = variation.draw(varied, seed)
        return varied


def _teachers(run: RunContext, dev: Sequence[Example], tokenised: TokenisedTexts) -> TeacherEnsemble:
    """The teachers with their routing; logs their measures on dev."""
    started, config = Stopwatch(), run.config
    ensemble = Ensemble(run.parents.teachers, device=run.device, tokenised=tokenised)
    routing = Routing(kind="soft", joint_weight=1.0, classifier_classes="none")
    if ensemble.classifier is not None:
        routing = Routing("soft", config.distil.joint_weight, "intents")
    items = [ensemble.vectorizer.item(example.utterance) for example in dev]
    _, measures = choose_routing(ensemble.parser, [routing], dev, items)
    measured = {"joint_weight": routing.joint_weight, "dev": measures["mean"]}
    run.checkpoint.log({"teachers": len(run.parents.teachers), **measured, **started.read()})
    compute, top = (
        Compute(run.device, config.optim.precision),
        TopK(config.distil.top_intents, config.distil.top_tags),
    )
    cache = None
    if run.parents.soft_targets is not None:
        teachers = digest_of_teachers(run.parents.teachers)
        made_by = digest_of([teachers, unstructure(routing), str(compute.device), compute.precision, top])
        cache = SoftTargetCache(run.parents.soft_targets, made_by)
    return TeacherEnsemble(ensemble, routing, compute, top=top, cache=cache)
