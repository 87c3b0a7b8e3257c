"""Soft targets on disk: read back to the bit, refused where damaged, bounded, and never those of other teachers or texts."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import reduce
from operator import getitem
from typing import TYPE_CHECKING

import numpy as np
import pytest

from polyparse.errors import ConfigError
from polyparse.schema import override, unstructure
from tests.train.corpus import examples
from tests.train.objectives.test_distillation import SECOND, finished
from tests.train.tiny import SHORT
from tests.train.training.test_initialisation import QUIET, opened
from train.config import DistilConfig
from train.data.task import SoftTarget
from train.ensemble import Ensemble
from train.objectives.soft_target_cache import (
    NONE,
    SUFFIX,
    SoftTargetCache,
    TopK,
    _digested,
    digest_of_teachers,
)
from train.training.fit import fit
from train.training.run import Parents, Texts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from polyparse.text.vectorizer import Batch
    from train.checkpoint import Checkpoint

TEXTS = ["play jazz", "stop", "wake me up at six"]
LENGTHS = (2, 1, 5)
ALL = TopK()


def targets(seed: int = 0) -> list[SoftTarget]:
    random = np.random.default_rng(seed)

    def logarithms(*shape: int) -> NDArray[np.float16]:
        values = random.normal(size=shape) * 4
        return np.asarray(values - np.log(np.exp(values).sum(axis=-1, keepdims=True)), dtype=np.float16)

    return [SoftTarget(logarithms(6), logarithms(length, 9)) for length in LENGTHS]


def equal(actual: Sequence[SoftTarget] | None, expected: Sequence[SoftTarget]) -> bool:
    return actual is not None and all(
        np.array_equal(*pair)
        for both in zip(actual, expected, strict=True)
        for pair in zip(*both, strict=True)
    )


@pytest.fixture(scope="module")
def teachers(tmp_path_factory: pytest.TempPathFactory) -> list[Checkpoint]:
    folder = tmp_path_factory.mktemp("teachers")
    return [finished(folder / "first", SHORT), finished(folder / "second", SECOND)]


@pytest.mark.parametrize("top", [ALL, TopK(2, 3), TopK(2, None), TopK(None, 3), TopK(99, 99)])
def test_what_is_read_is_what_was_written(top: TopK, tmp_path: Path) -> None:
    cache, expected = SoftTargetCache(tmp_path / "kept", "x"), [top.of(target) for target in targets()]
    assert cache.find(TEXTS) is None
    cache.save(TEXTS, expected, top)
    assert equal(cache.find(TEXTS), expected)


def test_fewer_numbers_take_less_place(tmp_path: Path) -> None:
    target = SoftTarget(np.zeros(60, np.float16), np.zeros((2000, 111), np.float16))
    sizes = []
    for top in (ALL, TopK(8, 8)):
        cache = SoftTargetCache(tmp_path / str(top.tags), "x")
        cache.save(["a"], [top.of(target)], top)
        sizes.append(sum(path.stat().st_size for path in (tmp_path / str(top.tags)).iterdir()))
    assert sizes[1] < 0.2 * sizes[0]


def test_the_largest_are_kept_and_intents_are_a_distribution_again() -> None:
    whole = targets()[2]
    kept = TopK(2, 3).of(whole)
    assert np.exp(kept.log_probs_I.astype(float)).sum() == pytest.approx(1.0, abs=2e-3)
    assert set(np.argsort(-whole.log_probs_I)[:2]) == set(np.flatnonzero(kept.log_probs_I > NONE / 2))
    assert ((kept.emissions_TK > NONE / 2).sum(axis=1) == 3).all()
    is_kept = kept.emissions_TK > NONE / 2
    assert np.array_equal(kept.emissions_TK[is_kept], whole.emissions_TK[is_kept])
    assert whole.emissions_TK[~is_kept].max() <= kept.emissions_TK[is_kept].max()
    assert equal([ALL.of(whole)], [whole])


def test_other_texts_another_order_or_another_way_are_not_there(tmp_path: Path) -> None:
    SoftTargetCache(tmp_path, "x").save(TEXTS, targets(), ALL)
    assert SoftTargetCache(tmp_path, "x").find(TEXTS) is not None
    assert SoftTargetCache(tmp_path, "y").find(TEXTS) is None
    for texts in (TEXTS[::-1], TEXTS[:2], [*TEXTS, "stop"]):
        assert SoftTargetCache(tmp_path, "x").find(texts) is None


@pytest.mark.parametrize("place", [0, 40, -1])
def test_a_damaged_file_is_not_believed_and_goes(place: int, tmp_path: Path) -> None:
    cache = SoftTargetCache(tmp_path, "x")
    cache.save(TEXTS, targets(), ALL)
    (file,) = tmp_path.iterdir()
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)
    assert cache.find(TEXTS) is None
    assert not file.exists()
    file.write_bytes(b"")
    assert cache.find(TEXTS) is None


def test_what_was_used_longest_ago_makes_room(tmp_path: Path) -> None:
    probe = SoftTargetCache(tmp_path / "probe", "x")
    probe.save(TEXTS, targets(), ALL)
    (file,) = (tmp_path / "probe").iterdir()
    size = file.stat().st_size
    folder = tmp_path / "kept"
    cache = SoftTargetCache(folder, "x", max_bytes=2 * size + size // 2)
    others = [[*TEXTS[:2], f"wake me up at {number}"] for number in range(3)]
    for age, texts in enumerate(others[:2]):
        cache.save(texts, targets(), ALL)
        for path in folder.glob(f"*{SUFFIX}"):
            os.utime(path, (age, age))
    assert cache.find(others[0]) is not None, "used last now"
    for path in folder.iterdir():
        if path.stat().st_mtime > 10:
            first = path
    cache.save(others[2], targets(), ALL)
    assert first.exists()
    assert cache.find(others[1]) is None
    assert cache.find(others[2]) is not None
    SoftTargetCache(folder, "x", max_bytes=size // 2).save(TEXTS, targets(), ALL)
    assert cache.find(TEXTS) is None, "what has no place at all is not written"


def test_a_digest_tells_teachers_their_order_and_weights_apart(teachers: list[Checkpoint]) -> None:
    first, second = teachers
    lists = ([first], [second], [first, second], [second, first], [first, first, second])
    assert len({digest_of_teachers(each) for each in lists}) == len(lists)
    before = digest_of_teachers([first])
    network = first.folder / "network-0.pt"
    content = network.read_bytes()
    network.write_bytes(content[:-1] + b"x")
    assert digest_of_teachers([first]) != before
    network.write_bytes(content)
    assert digest_of_teachers([first]) == before


@pytest.mark.parametrize(
    ("key", "setting"),
    [
        ("written", "written.utterances=0.5"),
        ("everyday", "everyday.utterances=0.5"),
        ("swap.outside", "swap.outside=0.3"),
        ("distil.swap.outside", "distil.swap.outside=0.3"),
        ("data.contradictions", "data.contradictions=weigh"),
    ],
)
def test_soft_targets_of_runs_without_a_younger_option_keep_their_name(key: str, setting: str) -> None:
    *above, name = key.split(".")
    data, digested = unstructure(override(SHORT, [setting])), _digested(override(SHORT, [setting]))
    assert reduce(getitem, [*above, name], digested) == reduce(getitem, [*above, name], data)
    assert name not in reduce(getitem, above, _digested(SHORT))
    del reduce(getitem, above, digested)[name]
    assert digested == _digested(SHORT)


def test_a_continued_student_asks_its_teachers_of_what_is_new_alone(
    teachers: list[Checkpoint], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it gets the weights that it would get without anything kept."""
    texts, asked = Texts(examples(), examples("dev")), [0]
    student = replace(SHORT, distil=DistilConfig(draws=1, seed=1))
    again = replace(student, distil=DistilConfig(draws=1, seed=2))
    score = Ensemble.score

    def counted(ensemble: Ensemble, batch: Batch, network: int = 0) -> object:
        asked[0] += len(batch.lengths_B)
        return score(ensemble, batch, network)

    monkeypatch.setattr(Ensemble, "score", counted)
    kept, counts, runs = tmp_path / "kept", [], []
    for name, folder in (("with", kept), ("without", None)):
        first = opened(tmp_path / f"{name}-first", student)
        fit(first, student, texts, QUIET, Parents(None, teachers, folder))
        before = asked[0]
        second = opened(tmp_path / f"{name}-second", again)
        fit(second, again, texts, QUIET, Parents(first, teachers, folder))
        counts.append(asked[0] - before)
        runs.append(second.read("network-0"))
    assert counts[1] - counts[0] == len(examples()), "the corpus itself was read; its variations are others"
    assert all(runs[0][name].equal(runs[1][name]) for name in runs[0])
    assert len(list(kept.iterdir())) == 3


def test_a_student_learns_from_the_largest_alone(teachers: list[Checkpoint], tmp_path: Path) -> None:
    config = replace(SHORT, distil=DistilConfig(draws=1, top_intents=2, top_tags=3))
    checkpoint = opened(tmp_path / "student", config)
    fit(checkpoint, config, Texts(examples(), examples()), QUIET, Parents(teachers=teachers))
    assert all(weights.isfinite().all() for weights in checkpoint.read("network-0").values())
    with pytest.raises(ConfigError, match="top_tags: found 0, expected at least 1"):
        DistilConfig(top_tags=0)
