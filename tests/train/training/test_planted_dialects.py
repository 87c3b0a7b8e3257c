"""Planted languages for MAN-MoE: what its experts are there for, beside the same without them.

Three sources say the same words, with a mark of the language in their vectors, and each gives them slots of its own. Of the
target each utterance is as one of the sources would say it. Networks are so small that one can hardly learn what three
languages say of each word, but one for each language can; which is asked, the gates have to see.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from polyparse.corpora.example import Example, TextSpan
from tests.train.training.planted import Size, match, small, write_vectors
from tests.train.training.test_initialisation import QUIET, opened
from train.training.fit import fit
from train.training.run import Texts

if TYPE_CHECKING:
    from pathlib import Path

    from train.checkpoint import Checkpoint
    from train.config import RunConfig

SOURCES = ("la", "lb", "lc")
CONTENT, SCALE, MARK, LENGTH, NUMBER = 8, 0.8, 0.4, 5, 150


def slots(language: str, words: int, kinds: int) -> dict[int, int]:
    """The kind of slot that each word is in a language; 0 is none."""
    order = list(range(words))
    Random(f"slots {language}").shuffle(order)
    return {number: place % (kinds + 1) for place, number in enumerate(order)}


class Corpus:
    """Utterances of so many words, and slots of so many kinds."""

    def __init__(self, words: int, kinds: int) -> None:
        self.words = words
        self.slots = {language: slots(language, words, kinds) for language in SOURCES}

    def utterances(self, language: str, number: int, seed: int) -> list[Example]:
        """Each of one source's words, drawn anew for the target "lx"."""
        random, made = Random(f"{language} {seed}"), []
        for place in range(number):
            said = random.choice(SOURCES) if language == "lx" else language
            text, spans = "", []
            for one in (random.randrange(self.words) for _ in range(LENGTH)):
                text += f" w{one}{said}" if text else f"w{one}{said}"
                if kind := self.slots[said][one]:
                    spans.append(TextSpan(f"thing{kind}", len(text) - len(f"w{one}{said}"), len(text)))
            name = f"{language} {seed} {place}"
            made.append(Example(name, text, language, "train", None, "say", tuple(spans)))
        return made

    def vectors(self, path: Path) -> Path:
        """The same of a word in all languages, and a mark of the language."""
        content_WE = np.random.default_rng(0).normal(scale=SCALE, size=(self.words, CONTENT))
        marks = dict(zip(SOURCES, MARK * np.eye(len(SOURCES)), strict=True))
        of_words = {
            f"w{number}{language}": np.concatenate([content_E, marks[language]])
            for language in SOURCES
            for number, content_E in enumerate(content_WE)
        }
        return write_vectors(path, of_words)

    def learnt(self, folder: Path, config: RunConfig) -> Checkpoint:
        """From the labels of the sources and the text of the target."""
        train, held = (
            [one for language in SOURCES for one in self.utterances(language, number, seed)]
            for number, seed in ((NUMBER, 1), (20, 3))
        )
        text = [replace(one, intent=None, slots=()) for one in self.utterances("lx", NUMBER, 2)]
        checkpoint = opened(folder, config)
        fit(checkpoint, config, Texts(train, held, unlabelled=text), QUIET)
        return checkpoint


def one_expert(config: RunConfig) -> RunConfig:
    """The same with one expert everywhere."""
    encoder = config.joint.encoder
    private = replace(encoder.parts["private"], experts=1)
    encoder = replace(encoder, parts={**encoder.parts, "private": private})
    return replace(config, joint=replace(config.joint, encoder=encoder, experts=1))


@pytest.mark.parametrize(
    ("name", "without", "corpus", "size"),
    [
        ("moe-without-man", ("sources-only", None), Corpus(20, 4), Size(11, 2, 3, 16)),
        ("man-moe", ("man-without-experts",), Corpus(16, 3), Size(11, 2, 2, 20)),
    ],
)
def test_experts_know_what_each_language_says_of_a_word(
    name: str, without: tuple[str | None, ...], corpus: Corpus, size: Size, tmp_path: Path
) -> None:
    """None stands for the recipe itself with one expert."""
    file = corpus.vectors(tmp_path / "words.vec")
    config, test = small(name, file, size), corpus.utterances("lx", 150, 4)
    others = [one_expert(config) if other is None else small(other, file, size) for other in without]
    matches = [
        match(corpus.learnt(tmp_path / str(number), each), test)
        for number, each in enumerate([config, *others])
    ]
    assert matches[0] > 0.85
    assert matches[0] > max(matches[1:]) + 0.15
