"""Leaving domains out on a small corpus: who is trained on what, what is kept, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchmarks.unseen_domains.ensemble import pooled
from benchmarks.unseen_domains.evidence import gather, load
from benchmarks.unseen_domains.leave_out import Wanted, leave_out
from polyparse.contract.frame import Utterance
from polyparse.corpora import read as corpora
from polyparse.errors import ConfigError
from tests.benchmarks.unseen_domains import toy
from train.checkpoint import Checkpoint
from train.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from benchmarks.unseen_domains.weights import Trial
    from polyparse.inference.pipeline import Pipeline
    from polyparse.text.vectorizer import Vectorizer

QUIET = Progress(quiet=True)


def left_out(out: Path, spec: str, *, count: int = 2, seed: int = 1) -> list[Trial]:
    config = replace(toy.CONFIG, seed=seed)
    return leave_out(
        out, Wanted(config=config, corpus=spec, locales=(toy.LOCALE,), folds=count, members=2), QUIET
    )


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("openset")
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
        assert trial.evidence.mixture_BI.shape == (len(toy.TEXTS), len(labels.intents))
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
    np.testing.assert_array_equal(first.mixture_BI, again.mixture_BI)


def test_evidence_is_of_each_utterance_whatever_it_is_batched_with(done: tuple[Path, str]) -> None:
    out, spec = done
    vectorizer, pipeline = pooled([Checkpoint(out / "fold-0" / f"member-{number}") for number in range(2)])
    examples = corpora.read(spec, locales=[toy.LOCALE], partition="train")
    items = [vectorizer.item(Utterance(example.text, example.locale)) for example in examples]
    one, many = gather(pipeline, items, together=1), gather(pipeline, items, together=5)
    for name in ("mixture_BI", "joint_BI", "classified_BX", "unknown_share_B", "lengths_B", "domains_BD"):
        np.testing.assert_allclose(getattr(one, name), getattr(many, name), atol=1e-4)
    assert one.lengths_B.tolist() == [item.n_tokens for item in items]


def test_a_pool_is_the_normalised_geometric_mean_of_its_members(done: tuple[Path, str]) -> None:
    out, _ = done
    members = [Checkpoint(out / "fold-0" / f"member-{number}") for number in range(2)]
    assert [member.classifier() is None for member in members] == [False, True]
    text = Utterance(toy.TEXTS["food"][0], toy.LOCALE)

    def log_probs(vectorizer: Vectorizer, pipeline: Pipeline) -> NDArray[np.floating]:
        joint_BI = pipeline.evidence([vectorizer.item(text)]).joint_BI
        assert joint_BI is not None
        return joint_BI

    one, other = (log_probs(*member.pipeline()) for member in members)
    mean_BI = np.exp((one + other) / 2)
    assert not np.allclose(one, other)
    np.testing.assert_allclose(np.exp(log_probs(*pooled(members))), mean_BI / mean_BI.sum(), rtol=1e-4)


def test_another_run_in_the_same_folder_is_refused(done: tuple[Path, str]) -> None:
    out, spec = done
    with pytest.raises(ConfigError, match="found folds of another config"):
        left_out(out, spec, seed=2)


def test_a_domain_that_dev_lacks_is_named(tmp_path: Path) -> None:
    spec = toy.write(tmp_path / "corpus", without_dev_of="music")
    with pytest.raises(ConfigError, match="found no dev utterance of music"):
        left_out(tmp_path / "out", spec)
