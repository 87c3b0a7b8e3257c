"""Beginning a run on a corpus that is not in memory: its index, its labels, its text tables and its domain classifier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.atomic import replacing
from polyparse.corpora.stream import files_to_stream, stream
from polyparse.errors import ConfigError
from train.data.stream import Indexing, StreamedCorpus
from train.data.stream_counts import Sample, StreamCounts
from train.data.task import TextTables, check_labels, collect_labels
from train.embeddings import starting_vectors
from train.run_record import StreamRecord
from train.stopwatch import Stopwatch
from train.training.streamed_classifier import Stream, fit_streamed_classifier

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.contract.labels import Labels
    from polyparse.corpora.example import Example
    from train.training.run import RunContext

INDEX = "stream.index"


def index_of(folder: Path) -> Path:
    """Where the index of a run stands."""
    return folder / INDEX


def begin(run: RunContext, corpus: StreamedCorpus) -> None:
    """Write what the networks of a run need, if it is not there yet; the text tables last, which mean that all of it is.

    Raises:
        ConfigError: the files have changed since they were indexed, or have no utterance to learn or to choose by.
    """
    checkpoint = run.checkpoint
    if run.parents.start is not None or run.parents.teachers:
        raise ConfigError("stream.on: found a run to start from or to be taught by, expected neither")
    if checkpoint.has_tables:
        _check_same(checkpoint.read("stream"), corpus)
        return
    counts, sample = StreamCounts(run.config), Sample(run.config.stream.sample)
    labels = _index(run, corpus, counts, sample)
    if counts.missed:
        run.progress.say(f"more words or features than are kept: {counts.missed} at most of each were missed")
        started, counts = Stopwatch(), counts.exact()
        for _ in counts.through(corpus):
            pass
        checkpoint.log({"stage": "counted again", **started.read()})
    started = Stopwatch()
    tables = TextTables(counts.vocabulary, None)
    others = _translations(run, corpus, sample)
    embedder = run.config.joint.embedder
    vectors = starting_vectors(embedder, tables.vocabulary, sample.examples, run.progress, others)
    if vectors is not None:
        checkpoint.save("word_vectors", vectors)
    streamed = Stream(corpus, labels, counts, sample.examples, others)
    model, tables = fit_streamed_classifier(run, streamed, tables)
    if model is not None:
        checkpoint.save("classifier", model)
    checkpoint.log({"stage": "text tables and domain classifier", **started.read()})
    checkpoint.save_tables(tables)


def _index(run: RunContext, corpus: StreamedCorpus, counts: StreamCounts, sample: Sample) -> Labels:
    """Pass through the corpus: write its index, save its labels and dev, count it."""
    started, indexing = Stopwatch(), Indexing(corpus.files)
    with replacing(corpus.index_file) as index:
        examples = counts.through(indexing.write(index))
        labels = collect_labels(sample.through(examples) if _is_sampled(run) else examples, run.config.scheme)
    if not indexing.indexed or not indexing.dev:
        raise ConfigError(
            f"stream.on: found {indexing.indexed} utterances of train that can be learnt and {len(indexing.dev)} of dev,"
            " expected some of both"
        )
    check_labels(labels, run.config)
    run.checkpoint.save("labels", labels)
    run.checkpoint.save("dev", indexing.dev)
    record = StreamRecord(corpus.files, indexing.indexed, indexing.left_out)
    run.checkpoint.save("stream", record)
    run.progress.say(f"indexed {record.utterances} utterances, left out {record.left_out}")
    run.checkpoint.log({"stage": "corpus indexed", "utterances": record.utterances, **started.read()})
    return labels


def _is_sampled(run: RunContext) -> bool:
    return run.config.reads_translations or run.config.joint.embedder.word_vectors == "fasttext"


def _translations(run: RunContext, corpus: StreamedCorpus, sample: Sample) -> list[Example]:
    """Translations of the sample into the corpus's other locales, where word vectors are to be aligned."""
    if not run.config.reads_translations:
        return []
    others = [file for file in files_to_stream(run.checkpoint.run().corpus) if file not in corpus.files]
    ids = {example.id for example in sample.examples}
    return [one for _, one in stream(others) if one.partition == "train" and one.id in ids]


def _check_same(record: StreamRecord, corpus: StreamedCorpus) -> None:
    for before, file in zip(record.files, corpus.files, strict=True):
        if file != before:
            raise ConfigError(
                f"{file.path}: found {file.size} bytes of {file.locale}, expected the file that was indexed, of"
                f" {before.size} bytes of {before.locale}"
            )
