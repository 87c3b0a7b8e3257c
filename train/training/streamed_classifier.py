"""Training the domain classifier on a corpus that is not in memory: MaxEnt and bag of words by batches.

The MaxEnt of `train.training.classifier` is minimised by L-BFGS; this one minimises the same objective by Adagrad (Duchi,
Hazan and Singer 2011), whose rate for a feature falls with how often it was seen, so that rare features learn too.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from polyparse.text.features import FeatureTable, word_hash
from polyparse.text.vectorizer import Vectorizer
from train.compute import CPU, Compute
from train.config import OptimConfig
from train.data.stream import StreamedClasses, StreamedItems
from train.embeddings.aligned import aligned_vectors
from train.models.domain_classifier import DomainClassifier
from train.models.maxent import MaxEnt, heaviest_features
from train.objectives.maxent import MaxEntClasses, MaxEntNetwork
from train.schedule import WarmupCosine
from train.training import word_bag
from train.training.classifier import in_one_table
from train.training.learner import Learner, Updates
from train.training.loop import Epochs, not_reseeded, train_epoch
from train.training.sampler import Part, Sampler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from polyparse.contract.labels import Labels
    from polyparse.corpora.example import Example
    from train.data.stream import StreamedCorpus
    from train.data.stream_counts import StreamCounts
    from train.data.task import TextTables
    from train.models.word_bag import WordBagConfig
    from train.training.run import RunContext

    Integers = NDArray[np.int64]


class Stream(NamedTuple):
    """A corpus on disk with its labels, what was counted of it, a sample of it, and translations of that."""

    corpus: StreamedCorpus
    labels: Labels
    counts: StreamCounts
    sample: Sequence[Example]
    translations: Sequence[Example]


def fit_streamed_classifier(
    run: RunContext, stream: Stream, tables: TextTables
) -> tuple[DomainClassifier | None, TextTables]:
    """DC, and the tables with the features that it uses, as `train.training.classifier.fit_classifier` gives them."""
    config, labels = run.config.classifier, stream.labels
    over_domains = config is not None and config.classes == "domains"
    if config is None or not labels.intents or (over_domains and not labels.domains):
        return None, replace(tables, features=None)
    classes = StreamedClasses(stream.corpus, labels, over_domains=over_domains)
    table, counts_V = stream.counts.features(config.min_feature_count)
    model = _fit(run, stream, (table, counts_V), classes, config.l2)
    kept = heaviest_features(model, config.kept_features)
    if len(kept) < len(table.hashes):
        table, counts_V = FeatureTable(table.hashes[kept - 1]), counts_V[np.concatenate([[0], kept])]
        model = _fit(run, stream, (table, counts_V), classes, config.l2)
    if config.bag is None:
        return DomainClassifier(model), replace(tables, features=table)
    vectorizer = Vectorizer(tables.vocabulary, None)
    items = StreamedItems(stream.corpus, vectorizer)
    bag = word_bag.fit_streamed(
        items,
        classes,
        weighted_WA=_weighted_vectors(stream, tables, config.bag),
        n_classes=classes.n_classes,
        config=replace(config.bag, epochs=run.config.stream.classifier_epochs),
        epoch_steps=run.config.stream.epoch_steps,
    )
    hashes = np.array([word_hash(word) for word in tables.vocabulary.words], dtype=np.uint32)
    model, bag = model.scaled(1.0 - config.bag.share), bag.scaled(config.bag.share)
    classifier, table = in_one_table((table.hashes, model), (hashes, bag))
    return classifier, replace(tables, features=table)


def _fit(
    run: RunContext,
    stream: Stream,
    features: tuple[FeatureTable, Integers],
    classes: StreamedClasses,
    l2: float,
) -> MaxEnt:
    """A MaxEnt by epochs over the corpus."""
    (table, counts_V), config = features, run.config
    items = StreamedItems(stream.corpus, Vectorizer(stream.counts.vocabulary, table))
    idf_V = torch.from_numpy(_inverse_frequencies(counts_V, len(items)).astype(np.float32))
    idf_V[0] = 0.0
    network = MaxEntNetwork(idf_V, classes.n_classes)
    optim = OptimConfig(learning_rate=config.stream.classifier_rate, warmup_share=0.0)
    updates = Updates(
        optimiser=partial(torch.optim.Adagrad, lr=optim.learning_rate),
        schedule=partial(WarmupCosine, optim=optim),
    )
    objective = MaxEntClasses(network, items, classes, torch.from_numpy(counts_V), l2)
    sampler = Sampler([Part(objective, Learner(network, updates, Compute(CPU)))])
    n_epochs, most_steps = config.stream.classifier_epochs, config.stream.epoch_steps
    epochs = Epochs(total=n_epochs, seeding=not_reseeded, most_steps=most_steps)
    unchecked = torch.sparse.check_sparse_tensor_invariants(enable=False)  # type: ignore[no-untyped-call]
    with unchecked, run.progress.stage(f"domain classifier, {len(table.hashes)} features", n_epochs) as step:
        for epoch in range(n_epochs):
            train_epoch(sampler, epochs, epoch)
            step(epoch + 1)
    weights_VC = (network.weights_VC * idf_V[:, None]).detach().numpy()
    return MaxEnt(weights_VC, (idf_V**2).numpy(), network.bias_C.detach().numpy())


def _weighted_vectors(stream: Stream, tables: TextTables, config: WordBagConfig) -> NDArray[np.float32]:
    """A word's aligned vector, learnt from the sample, times its inverse document frequency in the corpus."""
    words = tables.vocabulary.words
    vectors_WA = aligned_vectors(
        stream.sample, words, size=config.vector_size, translations=stream.translations
    )
    idf_W = _inverse_frequencies(stream.counts.utterances_with(tables.vocabulary), len(stream.corpus))
    weighted_WA: NDArray[np.float32] = (vectors_WA * idf_W[:, None]).astype(np.float32)
    return weighted_WA


def _inverse_frequencies(counts_V: Integers, n_utterances: int) -> NDArray[np.float64]:
    idf_V: NDArray[np.float64] = 1.0 + np.log((1.0 + n_utterances) / (1.0 + counts_V))
    return idf_V
