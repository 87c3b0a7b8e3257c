"""A student of a pool of teachers: the pool's answers, what an epoch shows, and a whole run that stops and resumes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from polyparse.corpora.augmentation.word_substitution import SubstitutionConfig
from polyparse.corpora.noise import NoiseConfig, Noiser
from polyparse.errors import ConfigError
from polyparse.inference.routing import Routing
from polyparse.text.vectorizer import Vectorizer, collate
from tests.train.corpus import examples
from tests.train.tiny import SHORT, parts, with_joint
from tests.train.training.test_initialisation import QUIET, opened
from train.ensemble import Ensemble, Member
from train.objectives.distillation import DistilConfig, Distillation, Teachers
from train.training.fit import Elders, Texts, fit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import torch

    from train.checkpoint import Checkpoint
    from train.config import RunConfig
    from train.models.joint import Tensors

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


def distillation(teachers: Sequence[Checkpoint], config: DistilConfig, noise: NoiseConfig) -> Distillation:
    corpus = examples()
    task, tables = parts(SHORT, corpus)
    voice = Teachers(Ensemble(teachers), ROUTING, {})
    vectorizer = Vectorizer(tables.vocabulary, tables.features)
    return Distillation(task, corpus, config, voice, vectorizer, Noiser(corpus, noise))


def test_a_pool_says_the_mean_of_what_its_members_say(teachers: list[Checkpoint]) -> None:
    pool = Ensemble(teachers)
    texts = [example.utterance for example in examples()]
    together = pool.score(collate([pool.vectorizer.item(text) for text in texts]))
    apart = []
    for checkpoint in teachers:
        vectorizer, _ = checkpoint.pipeline()
        alone = Ensemble([checkpoint])
        apart.append(alone.score(collate([vectorizer.item(text) for text in texts])))
    emissions = np.mean([emissions_BTK for _, emissions_BTK in apart], axis=0)
    log_probs = np.mean([log_probs_BI for log_probs_BI, _ in apart], axis=0)
    log_probs -= np.log(np.exp(log_probs).sum(axis=1, keepdims=True))
    assert together[1] == pytest.approx(emissions, abs=1e-4)
    assert together[0] == pytest.approx(log_probs, abs=1e-4)
    potentials = [checkpoint.networks()[0].head.get_parameter("transitions_KK") for checkpoint in teachers]
    assert pool.head.transitions_KK.allclose((potentials[0] + potentials[1]) / 2)


def test_a_member_named_twice_weighs_twice_and_runs_once(
    teachers: list[Checkpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = teachers
    pool = Ensemble([first, second, first])
    batch = collate([pool.vectorizer.item(example.utterance) for example in examples()])
    apart = [Ensemble([teacher]) for teacher in teachers]
    items = [[alone.vectorizer.item(example.utterance) for example in examples()] for alone in apart]
    said = [alone.score(collate(own))[1] for alone, own in zip(apart, items, strict=True)]
    runs, score = [], Member.score

    def counted(member: Member, tensors: Tensors) -> tuple[torch.Tensor, torch.Tensor]:
        runs.append(member)
        return score(member, tensors)

    monkeypatch.setattr(Member, "score", counted)
    assert pool.score(batch)[1] == pytest.approx((2 * said[0] + said[1]) / 3, abs=1e-4)
    assert len(runs) == 2
    transitions = [teacher.networks()[0].head.get_parameter("transitions_KK") for teacher in teachers]
    assert pool.head.transitions_KK.allclose((2 * transitions[0] + transitions[1]) / 3)


def test_a_pool_of_one_parses_as_its_member(teachers: list[Checkpoint]) -> None:
    pool = Ensemble(teachers[:1])
    vectorizer, pipeline = teachers[0].pipeline()
    items = [vectorizer.item(example.utterance) for example in examples()]
    found = pool.pipeline(teachers[0].routing()).run(items).frames
    assert [frame.slots for frame in found] == [frame.slots for frame in pipeline.run(items).frames]
    assert [frame.intent for frame in found] == [frame.intent for frame in pipeline.run(items).frames]


def test_teachers_have_to_fit_together(teachers: list[Checkpoint], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="found none"):
        Ensemble([])
    with pytest.raises(ConfigError, match="unfinished"):
        Ensemble([opened(tmp_path / "begun", SHORT)])
    with pytest.raises(ConfigError, match="head softmax"):
        Ensemble([finished(tmp_path / "softmax", with_joint(SHORT, head="softmax"))])
    with pytest.raises(ConfigError, match="found other labels"):
        Ensemble([*teachers, finished(tmp_path / "other", replace(SHORT, scheme="IO"))])


def test_an_epoch_shows_the_corpus_with_its_labels_and_as_much_without(teachers: list[Checkpoint]) -> None:
    corpus = examples()
    task = distillation(teachers, DistilConfig(), NoiseConfig()).draw(0, seed=1)
    labelled, varied = task.targets[: len(corpus)], task.targets[len(corpus) :]
    assert len(varied) == len(corpus)
    assert all(target.tags_T and target.opinion is not None for target in labelled)
    assert all(not target.tags_T and target.opinion is not None for target in varied)
    for item, target in zip(task.train, task.targets, strict=True):
        assert target.opinion is not None
        assert len(target.opinion.emissions_TK) == item.n_tokens
        assert np.exp(target.opinion.log_probs_I.astype(float)).sum() == pytest.approx(1.0, abs=0.01)
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
        if after.opinion is None:
            dropped += 1
            assert after.tags_T
            assert noisy.train[row].n_tokens == len(after.tags_T) != clean.train[row].n_tokens
        else:
            assert before.opinion is not None
            assert np.array_equal(after.opinion.emissions_TK, before.opinion.emissions_TK)
    assert changed > dropped > 0


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
    elders = Elders(teachers=teachers)
    whole = opened(tmp_path / "whole", student)
    fit(whole, student, Texts(examples(), examples()), QUIET, elders)
    halved = opened(tmp_path / "halved", student)
    once = replace(student, optim=replace(student.optim, patience=1))
    stopped = replace(once, optim=replace(student.optim, epochs=2))
    fit(halved, stopped, Texts(examples(), examples()), QUIET, elders)
    weights, again = whole.load_torch("network-0"), halved.load_torch("network-0")
    assert weights is not None
    assert again is not None
    assert all(weights[name].equal(again[name]) for name in weights)
    log = (whole.folder / "log.jsonl").read_text(encoding="utf-8")
    assert '"teachers": 2' in log
