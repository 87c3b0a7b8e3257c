"""The cost of text is measured on dev with the tables of a bundle or a checkpoint, with caches that train has filled."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import corpus, text
from benchmarks.text import Cost, Pass, figures, one_pass, vectorizer_of
from polyparse.errors import BundleNotFound
from polyparse.runtime.load import load
from polyparse.text.features import FeatureTable
from polyparse.text.vocabulary import Vocabulary
from tests.benchmarks.massive import LINES, write_massive
from tests.bundles import write_bundle


@pytest.fixture
def spec(tmp_path: Path) -> str:
    folder = tmp_path / "massive"
    folder.mkdir()
    return write_massive(folder)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    Vocabulary(words=("wake", "luces"), characters="abc").save(folder / "vocabulary.json")
    FeatureTable(np.arange(5, dtype=np.uint32)).save(folder / "features.npy")
    return folder


def test_the_hit_rate_is_the_share_of_dev_chunks_that_train_or_dev_has_shown(
    checkpoint: Path, spec: str
) -> None:
    known = {
        chunk for lines in LINES.values() for part, line in lines if part == "train" for chunk in line.split()
    }
    seen, hits, chunks = set(known), 0, 0
    for lines in LINES.values():
        for chunk in (chunk for part, line in lines if part == "dev" for chunk in line.split()):
            hits, chunks = hits + (chunk in seen), chunks + 1
            seen.add(chunk)
    assert one_pass(checkpoint, spec, warmed=True).hit_rate == hits / chunks


def test_a_cold_pass_has_seen_nothing_of_train(checkpoint: Path, spec: str) -> None:
    cold, warm = (one_pass(checkpoint, spec, warmed=warmed) for warmed in (False, True))
    assert cold.hit_rate < warm.hit_rate
    assert set(cold.costs) == set(warm.costs) == set(corpus.LOCALES)


def test_the_vectorizer_is_that_of_the_bundle_that_serves(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "models" / "words" / "1")
    words = load(folder).parser.vectorizer.vocabulary.words
    assert vectorizer_of(tmp_path / "models").vocabulary.words == words
    assert vectorizer_of(folder).vocabulary.words == words


def test_the_tables_of_a_checkpoint_lie_in_its_folder(checkpoint: Path) -> None:
    assert vectorizer_of(checkpoint).vocabulary.words == ("wake", "luces")


def test_a_folder_with_neither_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleNotFound):
        vectorizer_of(tmp_path)


def test_figures_are_medians_over_passes_of_means_over_locales() -> None:
    warm = [Pass({"a": Cost(us, 1), "b": Cost(us + 2, 3)}, us / 10) for us in (8, 2, 4)]
    cold = [Pass({"a": Cost(90, 9), "b": Cost(10, 1)}, 0.0)]
    assert figures(warm, cold) == {
        "us_per_utterance": 7,
        "us_cold": 55,
        "cache_hit_rate": 0.4,
        "us_item": 5,
        "us_collate": 2,
        "us_a": 5,
        "us_b": 9,
    }


def test_each_pass_runs_in_a_process_of_its_own(checkpoint: Path, spec: str) -> None:
    result = text.measure(checkpoint, spec, rounds=1)
    assert result.benchmark == "text"
    assert result.targets == {"us_per_utterance": ("<=", 60.0)}
    assert {"us_per_utterance", "us_cold", "cache_hit_rate"} <= result.figures.keys()
    assert 0 < result.figures["cache_hit_rate"] < 1
