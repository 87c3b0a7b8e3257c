"""Planted languages for MAN without experts: what its discriminator is there for, beside sources alone and without lambda.

Source and target have the same words, of the same vectors; letters tell the languages apart and nothing else.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from polyparse.corpora.example import Example, TextSpan
from tests.train.training.planted import Size, match, small, write_vectors
from tests.train.training.test_initialisation import QUIET, opened
from train.training.fit import fit
from train.training.run import Texts

if TYPE_CHECKING:
    from pathlib import Path

    from train.checkpoint import Checkpoint
    from train.config import RunConfig

WORDS, SCALE, LENGTH = 16, 0.8, 5
SIZE = Size(words=8, filters=6, hidden=6, epochs=16)
LETTERS = {"la": "a", "lx": "z"}
SLOTS = frozenset(Random("slots 0").sample(range(WORDS), WORDS // 2))


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
    vectors_WE = np.random.default_rng(0).normal(scale=SCALE, size=(WORDS, SIZE.words))
    of_words = {
        word(number, language): vector_E for language in LETTERS for number, vector_E in enumerate(vectors_WE)
    }
    return write_vectors(path, of_words)


def learnt(folder: Path, config: RunConfig) -> Checkpoint:
    """From the labels of the source and the text of the target."""
    text = [replace(one, intent=None, slots=()) for one in utterances("lx", 128, 2)]
    checkpoint = opened(folder, config)
    fit(checkpoint, config, Texts(utterances("la", 128, 1), utterances("la", 30, 3), unlabelled=text), QUIET)
    return checkpoint


def told(checkpoint: Checkpoint) -> float:
    """The share of utterances whose language the discriminator told in the last epoch."""
    epochs = [entry for entry in checkpoint.run_log.entries() if "epoch" in entry]
    return float(epochs[-1]["language_accuracy"])


def test_against_a_discriminator_letters_do_not_harm_the_target(tmp_path: Path) -> None:
    """Its private encoder reads the same filters, in which the shared one has left nothing to tell languages by."""
    file = vectors(tmp_path / "words.vec")
    configs = {
        "alone": small("sources-only", file, SIZE),
        "man": small("man-without-experts", file, SIZE),
        "without": small("man-without-experts", file, SIZE, weight=0.0),
    }
    test = utterances("lx", 100, 4)
    alone, man, without = (learnt(tmp_path / name, config) for name, config in configs.items())
    assert match(man, test) > max(match(alone, test), match(without, test)) + 0.05
    assert told(man) < told(without) - 0.2
