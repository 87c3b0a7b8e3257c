"""Leaving domains out on a small corpus: who is trained on what, what is kept, and what is refused."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchmarks.unseen_domains.evidence import load
from benchmarks.unseen_domains.leave_out import FoldRequest, leave_out, parser_of
from polyparse.contract.frame import Utterance
from polyparse.corpora import read as corpora
from polyparse.errors import ConfigError
from polyparse.inference.ood import Evidence
from polyparse.inference.routing import log_normalise
from polyparse.text.vectorizer import collate
from tests.benchmarks.unseen_domains import toy
from train.checkpoint import Checkpoint
from train.finished import networks_of
from train.models.torch_networks import TorchNetworks
from train.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.unseen_domains.weights import Trial

QUIET = Progress(quiet=True)


def left_out(out: Path, spec: str, *, count: int = 2, seed: int = 1) -> list[Trial]:
    config = replace(toy.CONFIG, seed=seed)
    request = FoldRequest(config=config, corpus=spec, locales=(toy.LOCALE,), folds=count, members=2)
    return leave_out(out, request, QUIET)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("unseen_domains")
    spec = toy.write(folder / "corpus")
    left_out(folder / "out", spec)
    return folder / "out", spec


def test_a_fold_never_sees_its_domains_and_scores_all_of_dev(done: tuple[Path, str]) -> None:
    out, spec = done
    trials = left_out(out, spec)
    assert sorted(domain for trial in trials for domain in trial.left_out) == sorted(toy.TEXTS)
    for number, trial in enumerate(trials):
        labels = Checkpoint(out / f"fold-{number}" / "member-0").labels()
        assert set(labels.domains) == toy.TEXTS.keys() - set(trial.left_out)
        assert trial.domains == list(toy.TEXTS)
        assert trial.evidence.intent_log_probs_BI.shape == (len(toy.TEXTS), len(labels.intents))
        assert trial.is_out_B.tolist() == [domain in trial.left_out for domain in toy.TEXTS]
        assert trial.shares_B.sum() == pytest.approx(1.0)


def test_what_is_done_is_not_done_again(done: tuple[Path, str]) -> None:
    out, spec = done
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    left_out(out, spec)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()} == before


def test_a_fold_that_was_lost_comes_back_the_same(done: tuple[Path, str]) -> None:
    out, spec = done
    fold = out / "fold-1"
    first = load(fold / "evidence.npz")
    (fold / "evidence.npz").unlink()
    again = left_out(out, spec)[1].evidence
    for field in fields(Evidence):
        np.testing.assert_array_equal(getattr(first, field.name), getattr(again, field.name))


def members_of(out: Path) -> list[Checkpoint]:
    """The members of the first fold."""
    return [Checkpoint(out / "fold-0" / f"member-{number}") for number in range(2)]


def test_evidence_is_of_each_utterance_whatever_it_is_batched_with(done: tuple[Path, str]) -> None:
    out, spec = done
    parser = parser_of(members_of(out))
    examples = corpora.read(spec, locales=[toy.LOCALE], partition="train")
    items = [parser.vectorizer.item(Utterance(example.text, example.locale)) for example in examples]
    one, many = parser.evidence(items, batch_size=1), parser.evidence(items, batch_size=5)
    assert len(one) == len(many) == len(items)
    assert one.foreign_words_B is many.foreign_words_B is None
    for field in fields(Evidence):
        if field.name != "foreign_words_B":
            np.testing.assert_allclose(getattr(one, field.name), getattr(many, field.name), atol=1e-4)


def test_the_members_of_a_fold_answer_as_one_that_is_routed_as_the_first_and_has_its_training_text(
    done: tuple[Path, str],
) -> None:
    """Its joint network is the normalised geometric mean of theirs."""
    out, _ = done
    members = members_of(out)
    first = members[0]
    classifier, training_text = first.classifier(), first.training_text()
    assert classifier is not None
    assert training_text is not None
    assert [member.classifier() is None for member in members] == [False, True]
    assert [member.training_text() is None for member in members] == [False, True]
    parser = parser_of(members)
    items = [parser.vectorizer.item(Utterance(toy.TEXTS[domain][0], toy.LOCALE)) for domain in toy.TEXTS]
    batch = collate(items)
    one_BI, other_BI = (TorchNetworks(networks_of(member), None).score(batch, 0)[0] for member in members)
    assert not np.allclose(one_BI, other_BI)
    weight = first.routing().joint_weight
    assert weight == 0.5
    mean_BI, classified_BI = (one_BI + other_BI) / 2, classifier.log_probs(batch.features_BF)
    expected_BI = log_normalise(weight * log_normalise(mean_BI) + (1 - weight) * classified_BI)
    evidence = parser.evidence(items)
    np.testing.assert_allclose(np.exp(evidence.intent_log_probs_BI), np.exp(expected_BI), rtol=1e-4)
    assert evidence.domain_probs_BD is not None
    assert evidence.unseen_ngrams_B is not None
    assert evidence.domain_log_ratio_B is not None
    unseen_B = training_text.unseen_ngrams(batch, evidence.likeliest_domains_B)
    assert evidence.unseen_ngrams_B.tolist() == unseen_B.tolist()
    assert evidence.domain_log_ratio_B.tolist() == pytest.approx(training_text.domain_log_ratio(batch))


def test_another_run_in_the_same_folder_is_refused(done: tuple[Path, str]) -> None:
    out, spec = done
    with pytest.raises(ConfigError, match="found folds of another config"):
        left_out(out, spec, seed=2)


def test_a_domain_that_dev_lacks_is_named(tmp_path: Path) -> None:
    spec = toy.write(tmp_path / "corpus", without_dev_of="music")
    with pytest.raises(ConfigError, match="found no dev utterance of music"):
        left_out(tmp_path / "out", spec)
