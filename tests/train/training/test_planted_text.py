"""Planted data for transfer by text, by a dictionary and by translations: each recipe against itself without that.

Words say the slot in some contexts only: "in" and "by" tell a place from a person, after "about" the word itself has to be
known. Names of the target are its own, so that sources teach nothing of them.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest

from polyparse.corpora.augmentation.code_switching import SwitchConfig
from polyparse.corpora.example import Example, TextSpan
from polyparse.errors import ConfigError
from tests.train.training.test_initialisation import QUIET, opened
from tests.train.training.test_transfer_planted import exact_match, grammar, planted, second
from train.config import DistilConfig
from train.progress import SilentProgress
from train.recipes import RECIPES
from train.training.fit import fit
from train.training.projection import project
from train.training.run import Parents, Texts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from train.checkpoint import Checkpoint
    from train.config import RunConfig

TELLING = {"place": "in", "person": "by"}
NAMES = {
    "en-US": {"place": ("rome", "oslo", "lima", "cairo"), "person": ("ann", "bob", "carl", "dora")},
    "es-ES": {"place": ("vigo", "jaca", "soria", "lugo"), "person": ("eva", "hugo", "ines", "luz")},
}


def said(locale: str, number: int, seed: int, *, telling: float) -> list[Example]:
    """Utterances of two names each, such as "news in rome about ann"; of the contexts that share tells what the name is."""
    random, made = Random(seed), []
    for place in range(number):
        text, spans = random.choice(("news", "songs")), []
        intent = text
        for _ in range(2):
            slot = random.choice(("place", "person"))
            name = random.choice(NAMES[locale][slot])
            text += f" {TELLING[slot] if random.random() < telling else 'about'} {name}"
            spans.append(TextSpan(slot, len(text) - len(name), len(text)))
        made.append(Example(f"{seed} {place}", text, locale, "train", "media", intent, tuple(spans)))
    return made


def small(name: str, **changes: object) -> RunConfig:
    """The recipe with random vectors and a small network."""
    config = planted(RECIPES[name]())
    embedder = replace(config.joint.embedder, word_vectors="random", freeze_words=False)
    return replace(config, joint=replace(config.joint, embedder=embedder), **changes)  # type: ignore[arg-type]  # its fields


def run(folder: Path, config: RunConfig, texts: Texts, teachers: Sequence[Checkpoint] = ()) -> Checkpoint:
    checkpoint = opened(folder, config)
    fit(checkpoint, config, texts, QUIET, Parents(teachers=teachers))
    return checkpoint


def without_labels(examples: Sequence[Example]) -> list[Example]:
    return [replace(one, domain=None, intent=None, slots=()) for one in examples]


def test_a_student_learns_of_the_target_s_words_what_its_teacher_tells_by_their_contexts(
    tmp_path: Path,
) -> None:
    """Its text has contexts alone that tell; in others neither the teacher knows the names, nor a student without text."""
    sources = Texts(said("en-US", 200, 1, telling=0.5), said("en-US", 40, 2, telling=0.5))
    text = without_labels(said("es-ES", 100, 3, telling=1.0))
    config = small("stm-sources")
    embedder = replace(config.joint.embedder, word_dropout=0.3)
    config = replace(config, joint=replace(config.joint, embedder=embedder))
    teacher = run(tmp_path / "teacher", config, sources)
    student = run(
        tmp_path / "student", small("teacher-student"), replace(sources, unlabelled=text), [teacher]
    )
    augmented = small("teacher-student", distil=DistilConfig())
    without = run(tmp_path / "without", augmented, sources, [teacher])
    test = said("es-ES", 150, 4, telling=0.0)
    assert exact_match(student, test) > max(exact_match(one, test) for one in (teacher, without)) + 0.3


SOURCE, DEV = grammar(100, seed=1), grammar(40, seed=2)
TRANSLATIONS = second(100, seed=1)
TEST = second(150, seed=9)


def test_words_that_stand_in_the_places_of_their_translations_are_learnt_like_them(tmp_path: Path) -> None:
    """By an induced dictionary; without it, the target's words are in the vocabulary, and nothing is learnt of them."""
    texts = Texts(SOURCE, DEV, TRANSLATIONS, unlabelled=without_labels(second(100, seed=3)))
    switched = run(tmp_path / "switched", small("code-switched"), texts)
    words = small("code-switched", switch=SwitchConfig(words=1e-9))
    without = run(tmp_path / "without", words, texts)
    assert exact_match(switched, TEST) > exact_match(without, TEST) + 0.5


def test_translations_teach_the_target_by_the_labels_that_are_projected_onto_them(tmp_path: Path) -> None:
    """Whatever labels they had themselves."""
    wrong = [replace(one, intent="book", slots=()) for one in TRANSLATIONS]
    projected = project(SOURCE, wrong, ["es-ES"], size=12)
    assert projected == TRANSLATIONS
    config = small("projected")
    config = replace(config, optim=replace(config.optim, epochs=8))
    taught = run(tmp_path / "projected", config, Texts([*SOURCE, *projected], DEV))
    without = run(tmp_path / "without", config, Texts(SOURCE, DEV))
    assert exact_match(taught, TEST) > exact_match(without, TEST) + 0.5


@pytest.mark.parametrize("name", ["teacher-student", "code-switched"])
def test_a_run_that_was_stopped_ends_in_the_same_network(name: str, tmp_path: Path) -> None:
    texts = Texts(SOURCE[:40], DEV[:10], TRANSLATIONS[:40], unlabelled=without_labels(second(40, seed=3)))
    config = small(name)
    config = replace(config, optim=replace(config.optim, min_steps=1, epochs=2))
    teachers = []
    if name == "teacher-student":
        source = small("stm-sources", optim=config.optim)
        teachers = [run(tmp_path / "teacher", source, replace(texts, unlabelled=()))]
    whole = run(tmp_path / "whole", config, texts, teachers)
    checkpoint = opened(tmp_path / "stopped", config)

    class Stopping(SilentProgress):
        def close_epoch(self, line: dict[str, object]) -> None:
            if line["epoch"] == 1:
                raise InterruptedError

    with pytest.raises(InterruptedError):
        fit(checkpoint, config, texts, Stopping(), Parents(teachers=teachers))
    fit(checkpoint, config, texts, QUIET, Parents(teachers=teachers))
    expected = whole.read("network-0")
    assert all(value.equal(expected[name]) for name, value in checkpoint.read("network-0").items())


@pytest.mark.parametrize(
    ("name", "texts", "message"),
    [
        ("teacher-student", Texts(SOURCE, DEV), "--teacher: found none, expected some with distil.texts"),
        ("stm-sources", Texts(SOURCE, DEV, unlabelled=TEST), "data.unlabelled: found locales, expected none"),
        ("code-switched", Texts(SOURCE, DEV), "switch.words: found no word with a translation"),
    ],
)
def test_what_would_be_left_undone_is_refused(name: str, texts: Texts, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        run(tmp_path / "run", small(name), texts)
