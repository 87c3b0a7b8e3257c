"""Planted languages: what a discriminator is there for, against the same run without it.

Two languages say the same in words of the same vectors; only the letters of the words differ. Characters are read, so that a
discriminator can tell the languages apart until the shared encoder learns to leave that out.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from polyparse.corpora.example import Example, TextSpan
from tests.train.tiny import TINY
from train.compute import CPU, Compute
from train.data.task import TextTables, build_targets, build_task, collect_labels
from train.models.discriminator import Discriminator, DiscriminatorConfig, LanguagesConfig
from train.models.encoders.base import EncoderConfig
from train.objectives.languages import FromSources, Language, LanguagesOfText, shared_encoder
from train.training.learner import Learner
from train.training.sampler import Part, Sampler
from train.training.trainer import Opponent, build_network, evaluate, updates

if TYPE_CHECKING:
    from train.config import RunConfig

WORDS, SIZE, SCALE = 12, 8, 2.0
LETTERS = {"la": "a", "lb": "z"}


def word(number: int, language: str) -> str:
    """The language's only letter, so often that the filters find the same in all words of the language."""
    return LETTERS[language] * (number + 4)


def utterances(language: str, number: int, seed: int) -> list[Example]:
    """Five words each; a word below half is a slot, and the first word says the intent."""
    random, given = Random(seed), []
    for place in range(number):
        numbers = [random.randrange(WORDS) for _ in range(5)]
        words = [word(one, language) for one in numbers]
        starts = [sum(len(before) + 1 for before in words[:position]) for position in range(5)]
        slots = [
            TextSpan("low", start, start + len(spelled))
            for one, spelled, start in zip(numbers, words, starts, strict=True)
            if one < WORDS // 2
        ]
        intent = "even" if numbers[0] % 2 == 0 else "odd"
        given.append(
            Example(f"{seed} {place}", " ".join(words), language, "train", None, intent, tuple(slots))
        )
    return given


SHARED = EncoderConfig(hidden_size=8, layers=1, dropout=0.0)
CONFIG: RunConfig = replace(
    TINY,
    scheme="IO",
    joint=replace(
        TINY.joint,
        embedder=replace(
            TINY.joint.embedder, word_size=SIZE, character_filters=4, freeze_words=True, word_dropout=0.0
        ),
        encoder=SHARED,
        head="softmax",
        mlp_size=8,
        embedding_dropout=0.0,
        mlp_dropout=0.0,
    ),
    optim=replace(
        TINY.optim, learning_rate=0.01, schedule="halving", warmup_share=0.0, batch_size=16, average_decay=0.0
    ),
)


class Learnt(NamedTuple):
    """Measures on new utterances of source and target, and the share of languages that the discriminator then told right."""

    source: dict[str, float | None]
    target: dict[str, float | None]
    told: float


def learn(config: RunConfig, weight: float, *, passes: int) -> Learnt:
    """From the labels of la and the text of lb, whose words have the vectors of la's."""
    train, text = utterances("la", 128, 1), utterances("lb", 128, 2)
    tables, labels = TextTables.build([*train, *text], config), collect_labels(train, config.scheme)
    vectorizer = tables.vectorizer()
    task = build_task(train, utterances("la", 100, 3), labels, vectorizer)
    network = build_network(task, tables, config)
    vectors = np.random.default_rng(0).normal(scale=SCALE, size=(WORDS, SIZE)).astype(np.float32)
    ids = tables.vocabulary.word_ids
    with torch.no_grad():
        for language in LETTERS:
            for number in range(WORDS):
                network.embedder.words.weight[ids[word(number, language)]] = torch.from_numpy(vectors[number])
    languages = [
        Language("la", task.train, task.targets),
        Language("lb", build_targets(text, labels, vectorizer)[0]),
    ]
    against = DiscriminatorConfig(weight=weight, filters=8, hidden_size=8, dropout=0.0, updates=2)
    discriminator = Discriminator(shared_encoder(network).output_size, 2, against)
    settings, size = LanguagesConfig(discriminator=against), config.optim.batch_size
    learners = [
        Learner(one.train(), updates(config.optim, fused=True), Compute(CPU))
        for one in (network, discriminator)
    ]
    opponent = Opponent(LanguagesOfText(network, languages, discriminator, batch_size=size), learners[1], 2)
    source = FromSources(network, languages, settings, discriminator, batch_size=size)
    sampler = Sampler([Part(source, learners[0]), Part(opponent.objective, opponent.learner)], opponent.order)
    right = size = 0
    for number in range(passes):
        right = size = 0
        for place, batch in sampler.draw(number, number):
            part = sampler.parts[place]
            loss = part.learner.update(part.objective, batch, 0.5)
            if place == 1 and loss is not None:
                right, size = right + loss.right, size + loss.size
    new = build_task(train, utterances("lb", 100, 4), labels, vectorizer)
    return Learnt(evaluate(network.eval(), task), evaluate(network, new), right / size)


def test_against_a_discriminator_the_target_is_parsed_like_the_source() -> None:
    """It is then at chance. Without, it goes on telling the languages apart, and the letters harm what the target gets."""
    without, with_it = (learn(CONFIG, weight, passes=20) for weight in (0.0, 0.1))
    assert without.told > 0.9
    assert with_it.told < 0.6
    match, of_source, of_target = (
        learnt["exact_match"] or 0.0 for learnt in (without.target, with_it.source, with_it.target)
    )
    assert of_source > 0.95
    assert of_target > of_source - 0.05
    assert match < of_target - 0.05
