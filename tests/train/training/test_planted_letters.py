"""Planted languages for MAN without experts: what its discriminator is there for, beside sources alone and without lambda.

Source and target have the same words, of the same vectors; letters tell the languages apart and nothing else.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from polyparse.corpora.example import Example, TextSpan
from polyparse.evaluation.evaluate import measure
from tests.train.training.test_initialisation import QUIET, opened
from train.finished import parser_of
from train.models.discriminator import DiscriminatorConfig, LanguagesConfig
from train.recipes import RECIPES
from train.training.fit import fit
from train.training.run import Texts

if TYPE_CHECKING:
    from pathlib import Path

    from train.checkpoint import Checkpoint
    from train.config import RunConfig
    from train.models.encoders.base import EncoderConfig

WORDS, SIZE, SCALE, LENGTH, EPOCHS = 16, 8, 0.8, 5, 16
LETTERS = {"la": "a", "lx": "z"}
SLOTS = frozenset(Random("slots 0").sample(range(WORDS), WORDS // 2))
AGAINST = DiscriminatorConfig(weight=0.1, filters=8, hidden_size=8, dropout=0.0, updates=2)


def word(number: int, language: str) -> str:
    """The language's only letter, so often that filters find the same in all words of the language."""
    return LETTERS[language] * (number + 4)


def utterances(language: str, number: int, seed: int) -> list[Example]:
    """Half of the words are slots."""
    random, made = Random(f"{language} {seed}"), []
    for place in range(number):
        text, spans = "", []
        for one in (random.randrange(WORDS) for _ in range(LENGTH)):
            text += f" {word(one, language)}" if text else word(one, language)
            if one in SLOTS:
                spans.append(TextSpan("thing", len(text) - one - 4, len(text)))
        name = f"{language} {seed} {place}"
        made.append(Example(name, text, language, "train", None, "say", tuple(spans)))
    return made


def vectors(path: Path) -> Path:
    vectors_WE = np.random.default_rng(0).normal(scale=SCALE, size=(WORDS, SIZE))
    lines = [f"{WORDS * len(LETTERS)} {SIZE}"]
    for language in LETTERS:
        for number, vector_E in enumerate(vectors_WE):
            lines.append(f"{word(number, language)} {' '.join(f'{value:.5f}' for value in vector_E)}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def small(name: str, file: Path, *, weight: float = AGAINST.weight) -> RunConfig:
    """The recipe at a size at which it learns in seconds; `weight` is lambda."""
    config = RECIPES[name]()
    embedder = replace(
        config.joint.embedder,
        word_size=SIZE,
        word_vectors=str(file),
        character_size=4,
        character_filters=6,
        min_word_count=1,
        min_character_count=1,
    )
    joint = replace(
        config.joint,
        embedder=embedder,
        encoder=shrunken(config.joint.encoder),
        mlp_size=6,
        embedding_dropout=0.0,
        mlp_dropout=0.0,
    )
    languages = config.languages or LanguagesConfig()
    if languages.discriminator is not None:
        languages = replace(languages, discriminator=replace(AGAINST, weight=weight))
    optim = replace(config.optim, learning_rate=0.01, batch_size=16, epochs=EPOCHS, patience=EPOCHS)
    return replace(config, joint=joint, languages=languages, optim=optim)


def shrunken(encoder: EncoderConfig) -> EncoderConfig:
    if encoder.parts:
        return replace(encoder, parts={name: shrunken(part) for name, part in encoder.parts.items()})
    return replace(encoder, hidden_size=6, layers=1, dropout=0.0)


def learnt(folder: Path, config: RunConfig) -> Checkpoint:
    """From the labels of the source and the text of the target."""
    text = [replace(one, intent=None, slots=()) for one in utterances("lx", 128, 2)]
    checkpoint = opened(folder, config)
    fit(checkpoint, config, Texts(utterances("la", 128, 1), utterances("la", 30, 3), unlabelled=text), QUIET)
    return checkpoint


def match(checkpoint: Checkpoint) -> float:
    """Exact match on new utterances of the target."""
    test = utterances("lx", 100, 4)
    frames = parser_of(checkpoint).parse([example.utterance for example in test])
    return float(measure(test, frames)["mean"]["exact_match"])


def told(checkpoint: Checkpoint) -> float:
    """The share of utterances whose language the discriminator told in the last epoch."""
    epochs = [entry for entry in checkpoint.run_log.entries() if "epoch" in entry]
    return float(epochs[-1]["language_accuracy"])


def test_against_a_discriminator_letters_do_not_harm_the_target(tmp_path: Path) -> None:
    """Its private encoder reads the same filters, in which the shared one has left nothing to tell languages by."""
    file = vectors(tmp_path / "words.vec")
    configs = {
        "alone": small("sources-only", file),
        "man": small("man-without-experts", file),
        "without": small("man-without-experts", file, weight=0.0),
    }
    alone, man, without = (learnt(tmp_path / name, config) for name, config in configs.items())
    assert match(man) > max(match(alone), match(without)) + 0.05
    assert told(man) < told(without) - 0.2
