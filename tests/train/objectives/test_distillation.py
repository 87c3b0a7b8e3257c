"""A student of an ensemble of teachers: who may teach, what an epoch shows, and a whole run that stops and resumes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from polyparse.corpora.augmentation.word_substitution import SubstitutionConfig
from polyparse.corpora.noise import NoiseConfig, Noiser
from polyparse.errors import ConfigError
from polyparse.inference.routing import Routing
from polyparse.text.vectorizer import Vectorizer
from tests.train.corpus import examples
from tests.train.tiny import SHORT, parts, with_joint
from tests.train.training.test_initialisation import QUIET, opened
from train.compute import CPU, Compute
from train.config import DistilConfig
from train.ensemble import Ensemble
from train.objectives.distillation import Distillation
from train.objectives.teachers import TeacherEnsemble
from train.training.fit import fit
from train.training.run import Parents, Texts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from polyparse.corpora.example import Example
    from train.checkpoint import Checkpoint
    from train.config import RunConfig
    from train.objectives.distillation import Variation

ROUTING = Routing("soft", 0.4, "intents")
SECOND = replace(
    SHORT,
    seed=2,
    classifier=None,
    joint=replace(SHORT.joint, mlp_size=24, embedder=replace(SHORT.joint.embedder, min_word_count=2)),
)
"""Another teacher: of another size, over fewer words, without a classifier."""


def finished(folder: Path, config: RunConfig) -> Checkpoint:
    checkpoint = opened(folder, config)
    fit(checkpoint, config, Texts(examples(), examples()), QUIET)
    return checkpoint


@pytest.fixture(scope="module")
def teachers(tmp_path_factory: pytest.TempPathFactory) -> list[Checkpoint]:
    folder = tmp_path_factory.mktemp("teachers")
    return [finished(folder / "first", SHORT), finished(folder / "second", SECOND)]


def distillation(
    teachers: Sequence[Checkpoint], config: DistilConfig, noise: NoiseConfig | Variation
) -> Distillation:
    corpus = examples()
    task, tables = parts(SHORT, corpus)
    teacher_ensemble = TeacherEnsemble(Ensemble(teachers), ROUTING, Compute(CPU))
    vectorizer = Vectorizer(tables.vocabulary, tables.features)
    variation = Noiser(corpus, noise) if isinstance(noise, NoiseConfig) else noise
    return Distillation(task, corpus, config, teacher_ensemble, vectorizer, variation)


def test_teachers_whose_head_is_no_crf_are_refused(tmp_path: Path) -> None:
    softmax = Ensemble([finished(tmp_path / "softmax", with_joint(SHORT, head="softmax"))])
    with pytest.raises(ConfigError, match="teachers: found the head Softmax, expected a CRF"):
        TeacherEnsemble(softmax, ROUTING, Compute(CPU))


def test_an_epoch_shows_the_corpus_with_its_labels_and_as_much_without(teachers: list[Checkpoint]) -> None:
    corpus = examples()
    task = distillation(teachers, DistilConfig(), NoiseConfig()).draw(0, seed=1)
    labelled, varied = task.targets[: len(corpus)], task.targets[len(corpus) :]
    assert len(varied) == len(corpus)
    assert all(target.tags_T and target.soft_target is not None for target in labelled)
    assert all(not target.tags_T and target.soft_target is not None for target in varied)
    for item, target in zip(task.train, task.targets, strict=True):
        assert target.soft_target is not None
        assert len(target.soft_target.emissions_TK) == item.n_tokens
        assert np.exp(target.soft_target.log_probs_I.astype(float)).sum() == pytest.approx(1.0, abs=0.01)
    assert task.chain is not None


def test_teachers_judge_the_text_before_the_noise(teachers: list[Checkpoint]) -> None:
    """Whoever the noise leaves with other tokens has labels alone, or goes without noise."""
    noise = NoiseConfig(typo=0.5, function_word=0.5 - 1e-9)
    still = DistilConfig(substitution=SubstitutionConfig(words=0.0), draws=1)
    clean = distillation(teachers, still, NoiseConfig()).draw(0, seed=1)
    noisy = distillation(teachers, still, noise).draw(0, seed=1)
    changed = dropped = 0
    for row, (before, after) in enumerate(zip(clean.targets, noisy.targets, strict=True)):
        texts = clean.train[row].utterance.text, noisy.train[row].utterance.text
        changed += texts[0] != texts[1]
        if after.soft_target is None:
            dropped += 1
            assert after.tags_T
            assert noisy.train[row].n_tokens == len(after.tags_T) != clean.train[row].n_tokens
        else:
            assert before.soft_target is not None
            assert np.array_equal(after.soft_target.emissions_TK, before.soft_target.emissions_TK)
    assert changed > dropped > 0


class Undone:
    """A variation that changes what every utterance asks for, and no word."""

    def draw(self, examples: Sequence[Example], _seed: int) -> list[Example]:
        intents = sorted({example.intent or "" for example in examples})
        return [replace(one, intent=intents[intents.index(one.intent or "") - 1]) for one in examples]


def test_what_asks_for_something_else_has_no_soft_target_of_the_clean_text(
    teachers: list[Checkpoint],
) -> None:
    corpus = examples()
    undone = distillation(teachers, DistilConfig(), Undone()).draw(0, seed=1)
    clean = distillation(teachers, DistilConfig(), NoiseConfig()).draw(0, seed=1)
    labelled, augmented = undone.targets[: len(corpus)], undone.targets[len(corpus) :]
    assert all(target.soft_target is None for target in labelled)
    assert [one.intent for one in labelled] != [one.intent for one in clean.targets[: len(corpus)]]
    assert all(target.soft_target is not None and not target.tags_T for target in augmented)
    texts, clean_texts = (
        [item.utterance.text for item in one.train[len(corpus) :]] for one in (undone, clean)
    )
    assert texts == clean_texts


def test_draws_come_in_turn_and_depend_on_nothing_else(teachers: list[Checkpoint]) -> None:
    config = DistilConfig(draws=2, substitution=SubstitutionConfig(words=0.5))
    first, second = (distillation(teachers, config, NoiseConfig(typo=0.3)) for _ in range(2))

    def texts(source: Distillation, epoch: int) -> list[str]:
        return [item.utterance.text for item in source.draw(epoch, seed=epoch % 2).train]

    assert texts(first, 0) != texts(first, 1)
    assert texts(first, 2) == texts(first, 0) == texts(second, 4)


def test_a_student_learns_from_its_teachers_and_resumes_as_if_never_stopped(
    teachers: list[Checkpoint], tmp_path: Path
) -> None:
    student = replace(SHORT, noise=NoiseConfig(typo=0.2), distil=DistilConfig(draws=1))
    parents = Parents(teachers=teachers)
    whole = opened(tmp_path / "whole", student)
    fit(whole, student, Texts(examples(), examples()), QUIET, parents)
    halved = opened(tmp_path / "halved", student)
    once = replace(student, optim=replace(student.optim, patience=1))
    stopped = replace(once, optim=replace(student.optim, epochs=2))
    fit(halved, stopped, Texts(examples(), examples()), QUIET, parents)
    weights, again = whole.find("network-0"), halved.find("network-0")
    assert weights is not None
    assert again is not None
    assert all(weights[name].equal(again[name]) for name in weights)
    log = (whole.folder / "log.jsonl").read_text(encoding="utf-8")
    assert '"teachers": 2' in log


def test_soft_targets_are_not_padded(teachers: Sequence[Checkpoint], tmp_path: Path) -> None:
    config = replace(SHORT, optim=replace(SHORT.optim, padded=True))
    with pytest.raises(ConfigError, match=r"optim\.padded: found true with --teacher"):
        fit(
            opened(tmp_path / "run", config),
            config,
            Texts(examples(), examples()),
            QUIET,
            Parents(teachers=teachers),
        )
