"""Planted data: a grammar in two languages, of which the second has few utterances. Each recipe beats its own ablation.

Which slot a city is depends on the word some places before it, so that an encoder has something to have learnt. The words
of the second language are those of the first with an ending.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from polyparse.corpora.example import Example, TextSpan
from polyparse.evaluation.evaluate import measure
from tests.train.training.test_initialisation import QUIET, opened
from train.config import OptimConfig
from train.finished import parser_of
from train.recipes import RECIPES
from train.training.fit import fit
from train.training.run import NO_PARENTS, Parents, Texts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from train.checkpoint import Checkpoint
    from train.config import RunConfig

    Target = Callable[..., float]

CITIES = ("rome", "oslo", "lima", "cairo", "delhi", "paris", "quito", "tunis")
VERBS = {"book": ("book", "order"), "ask": ("show", "find"), "cancel": ("cancel", "drop")}
FILLERS = ("old", "big", "sunny", "nice")
RARE_INTENT, RARE_SLOT = "cancel", "via"


def grammar(n: int, *, seed: int, ending: str = "", locale: str = "en-US") -> list[Example]:
    """Utterances such as "book from big rome to nice old oslo"; those of one seed are translations of each other."""
    random = np.random.default_rng(seed)
    return [_utterance(f"{seed}-{number}", random, ending, locale) for number in range(n)]


def _utterance(name: str, random: np.random.Generator, ending: str, locale: str) -> Example:
    intent = str(random.choice(list(VERBS)))
    text, spans = str(random.choice(VERBS[intent])) + ending, []
    roles = [("from", "origin"), ("to", "goal"), ("over", "via")]
    for place in random.permutation(3)[: random.integers(1, 4)]:
        preposition, slot = roles[place]
        words = [preposition, *random.choice(FILLERS, random.integers(0, 3)), random.choice(CITIES)]
        text += "".join(f" {word}{ending}" for word in words)
        spans.append(TextSpan(slot, len(text) - len(f"{words[-1]}{ending}"), len(text)))
    return Example(name, text, locale, "train", "travel", intent, tuple(spans))


def second(n: int, seed: int) -> list[Example]:
    return grammar(n, seed=seed, ending="ik", locale="es-ES")


def without_rare(examples: list[Example]) -> list[Example]:
    return [
        one
        for one in examples
        if one.intent != RARE_INTENT and all(span.name != RARE_SLOT for span in one.slots)
    ]


def trained(
    folder: Path, config: RunConfig, train: list[Example], dev: list[Example], start: Checkpoint | None = None
) -> Checkpoint:
    checkpoint = opened(folder, config)
    fit(checkpoint, config, Texts(train, dev), QUIET, Parents(start) if start else NO_PARENTS)
    return checkpoint


def exact_match(checkpoint: Checkpoint, on: list[Example]) -> float:
    frames = parser_of(checkpoint).parse([example.utterance for example in on])
    return float(measure(on, frames)["mean"]["exact_match"])


def planted(config: RunConfig) -> RunConfig:
    """Words alone, a small encoder whose output decoders read as it is, and no classifier."""
    embedder = replace(
        config.joint.embedder, word_size=12, character_filters=0, min_word_count=1, word_dropout=0.0
    )
    joint = replace(
        config.joint,
        embedder=embedder,
        encoder=replace(config.joint.encoder, hidden_size=12, layers=1, dropout=0.0),
        mlp_size=0,
        embedding_dropout=0.0,
        mlp_dropout=0.0,
    )
    optim = OptimConfig(learning_rate=0.02, epochs=4, min_steps=25, patience=30, average_decay=0.0)
    optim = replace(optim, groups=tuple(group for group in config.optim.groups if _is_there(group.pattern)))
    init = tuple(block for block in config.init if _is_there(block.pattern))
    return replace(config, classifier=None, routing="soft", joint=joint, init=init, optim=optim)


def _is_there(pattern: str) -> bool:
    return not any(part in pattern for part in ("characters", "filters", "hidden"))


def started(config: RunConfig, *patterns: str) -> RunConfig:
    """With the blocks of these patterns fresh."""
    blocks = (replace(block, start="fresh") if block.pattern in patterns else block for block in config.init)
    return replace(config, init=tuple(blocks))


def frozen(config: RunConfig, pattern: str) -> RunConfig:
    """With the block of this pattern frozen throughout."""
    groups = (
        replace(group, rate=0.0, ramp=()) if group.pattern == pattern else group
        for group in config.optim.groups
    )
    return replace(config, optim=replace(config.optim, groups=tuple(groups)))


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Checkpoint]:
    """Runs on much of the first language: on all of it, and without an intent and a slot."""
    config, folder = planted(RECIPES["stm-study"]()), tmp_path_factory.mktemp("planted")
    embedder = replace(config.joint.embedder, freeze_words=True)
    optim = replace(config.optim, epochs=6, min_steps=60)
    config = replace(config, joint=replace(config.joint, embedder=embedder), optim=optim)
    learnt, dev = grammar(400, seed=1), grammar(40, seed=2)
    return {
        "all": trained(folder / "all", config, learnt, dev),
        "withheld": trained(folder / "withheld", config, without_rare(learnt), without_rare(dev)),
    }


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory, sources: dict[str, Checkpoint]) -> Target:
    """Trains on 24 utterances in both languages and tests on others in the second one."""
    folder = tmp_path_factory.mktemp("targets")
    few, test = second(24, seed=5), second(150, seed=9)

    def run(name: str, config: RunConfig, source: str = "all", on: list[Example] = test) -> float:
        train = [*few, *grammar(24, seed=5)]
        return exact_match(trained(folder / name, config, train, few, sources[source]), on)

    return run


def test_a_copied_frozen_encoder_beats_a_fresh_frozen_one(target: Target) -> None:
    config = planted(RECIPES["enctl"]())
    assert target("copied", config) > target("fresh", started(config, "encoder.*")) + 0.2


def test_words_that_are_freed_in_steps_beat_words_that_stay_frozen(target: Target) -> None:
    config = planted(RECIPES["encvlrtl"]())
    assert target("stepped", config) > target("never", frozen(config, "embedder.words.*")) + 0.2


def test_decoders_by_label_beat_fresh_ones(target: Target) -> None:
    config = planted(RECIPES["encdectl"]())
    assert target("by label", config) > target("new", started(config, "*.output.*", "head.*")) + 0.05


def test_with_expansion_labels_are_learnt_that_the_source_has_not_seen_and_without_it_none_is(
    target: Target,
) -> None:
    config = planted(RECIPES["encdectl"]())
    test = second(150, seed=9)
    affected = [example for example in test if example not in without_rare(test)]
    assert len(affected) > 100
    assert target("7x", config, "withheld", affected) > 0.3
    assert target("7w", replace(config, expands_labels=False), "withheld", affected) == 0.0
