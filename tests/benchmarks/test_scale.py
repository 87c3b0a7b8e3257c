"""A corpus as a stream takes no more memory than one a fraction as large."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from benchmarks.scale import Run, _trained, measure, write_corpus
from polyparse.corpora.read import read
from polyparse.corpora.stream import files_to_stream
from polyparse.text.tokens import cut
from tests.train.tiny import SETTINGS, SHORT
from train.checkpoint import Checkpoint
from train.data.batches import EqualLengthBatches
from train.data.stream import StreamedCorpus, StreamedLengths
from train.data.stream_counts import Sample, StreamCounts
from train.progress import SilentProgress
from train.run_record import RunRecord
from train.stream_config import StreamConfig
from train.training import streaming
from train.training.run import RunContext

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

SMALL, LARGE = 400, 1_200


def peak(folder: Path, n_utterances: int) -> int:
    """The most memory that Python held at once to read, count and index a corpus, and to draw the batches of a pass."""
    write_corpus(folder / "corpus", n_utterances)
    stream = StreamConfig(on=True, words=100, features=300)
    config, spec = replace(SHORT, stream=stream), f"massive:{folder / 'corpus'}"
    checkpoint = Checkpoint(folder)
    checkpoint.save("run", RunRecord(config, spec, ("en-US",), "abc", {}, "2025-01-01T00:00:00+00:00"))
    corpus = StreamedCorpus(files_to_stream(spec), streaming.index_of(folder))
    tracemalloc.start()
    run, counts = RunContext(checkpoint, config, SilentProgress()), StreamCounts(config)
    streaming._index(run, corpus, counts, Sample(50))
    assert sum(1 for _ in counts.exact().through(corpus)) == n_utterances
    drawn = sum(map(len, EqualLengthBatches(StreamedLengths(corpus), 32, seed=1)))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert drawn == len(corpus) == n_utterances
    return most


def test_three_times_the_corpus_takes_no_more_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered is bounded by its number, which is small here, so that it is full with both; what is made once
    in a process, such as patterns, is there before.
    """
    monkeypatch.setattr("polyparse.text.tokens._cached_cut", lru_cache(64)(cut))
    monkeypatch.setattr("train.data.batches.WINDOW", 256)
    monkeypatch.setattr("train.data.stream.REMEMBERED", 64)
    monkeypatch.setattr("train.data.stream_counts.REMEMBERED", 64)
    peak(tmp_path / "first", 50)
    small, large = peak(tmp_path / "small", SMALL), peak(tmp_path / "large", LARGE)
    assert large < 1.1 * small


def test_the_corpus_is_one_that_reads(tmp_path: Path) -> None:
    write_corpus(tmp_path / "corpus", 300)
    train = read(f"massive:{tmp_path / 'corpus'}", partition="train")
    assert len(train) == 300
    assert len({example.intent for example in train}) > 20
    assert all(example.slots for example in train)


def test_the_command_that_is_measured_trains_on_the_corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """A real process has the small corpus; its figures stand for those of the large one, which would cost a second."""
    runs: list[Run] = []

    def trained(corpus: Path, out: Path, settings: Sequence[str]) -> Run:
        runs.append(runs[0] if runs else _trained(corpus, out, settings))
        return runs[-1]

    monkeypatch.setattr("benchmarks.scale._trained", trained)
    settings = ["stream.on=true", *(setting.removeprefix("--set=") for setting in SETTINGS), "optim.epochs=1"]
    result = measure(400, 2, 3, settings=settings)
    assert result.passed, result.table()
    assert result.figures["memory_ratio"] == 1.0
    assert result.figures["small_peak_mb"] > 100
    small, large = (result.figures[f"{size}_corpus_indexed_s_per_million"] for size in ("small", "large"))
    assert small == 2 * large > 0
