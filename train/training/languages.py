"""A run that learns from several source languages, perhaps against a discriminator of them (Chen et al. 2019)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from polyparse.errors import ConfigError
from polyparse.text.vectorizer import collate
from train.compute import Compute
from train.data.task import build_targets
from train.models.discriminator import Discriminator
from train.models.experts import recorded_gates
from train.models.joint import BatchTensors
from train.objectives.languages import SHARED, FromSources, Language, LanguagesOfText, shared_encoder
from train.training.learner import Learner
from train.training.trainer import Opponent, updates

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from polyparse.corpora.example import Example
    from polyparse.text.vectorizer import Item, Vectorizer
    from train.data.task import Task
    from train.models.discriminator import LanguagesConfig
    from train.models.joint import JointNetwork
    from train.training.run import RunContext
    from train.training.trainer import Trainer

    Gates = dict[str, dict[str, list[float]]]

MOST = 1_000
"""Of so many utterances of a language, the first ones, the mean of a gate is logged."""


def check(run: RunContext) -> None:
    """Raise ConfigError for what a run by languages cannot do, or would silently leave undone."""
    config = run.config
    if config.languages is None:
        _check_texts(run)
        return
    joint = config.joint
    needed = {
        "--start": (run.parents.start is not None, False),
        "--teacher": (bool(run.parents.teachers), False),
        "--also": (bool(run.others), False),
        "distil.texts": (config.distil.texts, "augmented"),
        "optim.epoch_steps": (config.optim.epoch_steps, None),  # the discriminator's would count too
        "stream.on": (config.stream.on, False),
        "topology": (config.topology, "shared"),
        "token_crf": (config.token_crf is not None, False),
        "data.contradictions": (config.data.contradictions, "keep"),
        "everyday.utterances": (config.everyday.utterances, 0.0),
        "swap.utterances": (config.swap.utterances, 0.0),
        "noise": (config.noise.is_on, False),
        "joint.auxiliary": (joint.auxiliary is not None, False),
        "optim.min_steps": (config.optim.min_steps, 1),
    }
    for key, (found, expected) in needed.items():
        if found != expected:
            raise ConfigError(f"{key}: found {found!r}, expected {expected!r} with languages")
    parts = joint.encoder.parts
    if config.languages.discriminator is not None and parts and SHARED not in parts:
        raise ConfigError(
            f"joint.encoder.parts: found {', '.join(parts)}, expected {SHARED} among them, to learn against a discriminator"
        )


def _check_texts(run: RunContext) -> None:
    """Raise ConfigError where nothing in a run of another kind makes use of unlabelled texts, or where they are missing."""
    config, embedder = run.config, run.config.joint.embedder
    by_teachers = config.distil.texts == "unlabelled"
    for key, is_there in (
        ("--teacher", bool(run.parents.teachers)),
        ("data.unlabelled", bool(run.unlabelled)),
    ):
        if by_teachers and not is_there:
            raise ConfigError(f"{key}: found none, expected some with distil.texts=unlabelled")
    knows_words = embedder.freeze_words and embedder.word_vectors != "random"
    if run.unlabelled and not (by_teachers or knows_words or config.switch.words):
        raise ConfigError(
            "data.unlabelled: found locales, expected none without languages, distil.texts=unlabelled, switch.words, or"
            " word vectors that are given and frozen"
        )


def languages_of(
    run: RunContext, task: Task, train: Sequence[Example], vectorizer: Vectorizer
) -> list[Language]:
    """The sources in the order of the corpus, then the locales that have texts alone.

    Raises:
        ConfigError: there are experts, but neither one nor as many as sources.
    """
    sources = [
        Language(locale, *build_targets(examples, task.labels, vectorizer))
        for locale, examples in _by_locale(train).items()
    ]
    joint = run.config.joint
    numbers = {"joint.experts": joint.experts or 1} | {
        f"joint.encoder.parts.{name}.experts": part.experts
        for name, part in joint.encoder.parts.items()
        if part.kind == "expert-bilstm"
    }
    for key, number in numbers.items():
        if number not in {1, len(sources)}:
            raise ConfigError(
                f"{key}: found {number}, expected 1 or {len(sources)}, the number of source languages"
                f" ({', '.join(one.locale for one in sources)})"
            )
    others = []
    for locale, examples in _by_locale(run.unlabelled).items():
        items = [vectorizer.item(example.utterance) for example in examples]
        others.append(Language(locale, [item for item in items if item.n_tokens]))
    return [*sources, *others]


def objectives(
    run: RunContext, config: LanguagesConfig, network: JointNetwork, languages: Sequence[Language]
) -> tuple[FromSources, list[Opponent]]:
    """What the network learns from, and the discriminator that it learns against, if any, newly initialised."""
    optim, discriminator = run.config.optim, None
    opponents: list[Opponent] = []
    if config.discriminator is not None:
        torch.manual_seed(run.config.seed)
        size = shared_encoder(network).output_size
        discriminator = Discriminator(size, len(languages), config.discriminator)
        compute = Compute(run.device, optim.precision)
        learner = Learner(discriminator, updates(replace(optim, groups=()), fused=True), compute)
        of_text = LanguagesOfText(network, languages, discriminator, batch_size=optim.batch_size)
        opponents.append(Opponent(of_text, learner, config.discriminator.updates))
    objective = FromSources(network, languages, config, discriminator, batch_size=optim.batch_size)
    return objective, opponents


def log_gates(run: RunContext, trainer: Trainer, languages: Sequence[Language]) -> None:
    """Load the best weights, and log of each gate how much of each source's expert it takes, by the language of the text."""
    trainer.network.load_state_dict(trainer.final_weights())
    gates = mean_gates(trainer.network.eval(), languages)
    if gates:
        sources = [language.locale for language in languages if language.targets]
        run.checkpoint.log({"gates": gates, "of": sources})


def mean_gates(network: JointNetwork, languages: Sequence[Language]) -> Gates:
    """For each gate and language the mean weights over the language's tokens (or utterances), one for each source."""
    gates: Gates = {}
    for language in languages:
        seen: dict[str, list[torch.Tensor]] = {}
        for item in language.items[:MOST]:
            for name, weights in _gates_on(network, item).items():
                seen.setdefault(name, []).append(weights.flatten(0, -2))
        for name, of_items in seen.items():
            mean = torch.cat(of_items).mean(dim=0)
            gates.setdefault(name, {})[language.locale] = [round(float(share), 4) for share in mean]
    return gates


@torch.inference_mode()
def _gates_on(network: JointNetwork, item: Item) -> dict[str, torch.Tensor]:
    with recorded_gates(network) as logits:
        network(BatchTensors.of(collate([item]), network.device))
    return {name: one.float().softmax(dim=-1) for name, one in logits.items()}


def _by_locale(examples: Iterable[Example]) -> dict[str, list[Example]]:
    of_locale: dict[str, list[Example]] = {}
    for example in examples:
        of_locale.setdefault(example.locale, []).append(example)
    return of_locale
