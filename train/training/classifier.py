"""Training the domain classifier (DC): a MaxEnt over features with large weights, perhaps a bag of words, and their table.

Axes: B utterances, C classes, V feature ids of the MaxEnt, W words of the bag, A numbers of an aligned vector.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from polyparse.text.features import FeatureTable, word_hash
from polyparse.text.vocabulary import Vocabulary
from train.data.task import build_targets
from train.embeddings.aligned import aligned_vectors
from train.models import maxent
from train.models.domain_classifier import DomainClassifier
from train.training import word_bag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from polyparse.contract.labels import Labels
    from polyparse.corpora.example import Example
    from train.data.task import TextTables
    from train.models.maxent import MaxEnt, MaxEntConfig
    from train.models.word_bag import WordBag, WordBagConfig
    from train.progress import Progress
    from train.training.run import Texts

    Hashes = NDArray[np.uint32]
    Integers = NDArray[np.int64]


def fit_classifier(
    texts: Texts, labels: Labels, tables: TextTables, config: MaxEntConfig | None, progress: Progress
) -> tuple[DomainClassifier | None, TextTables]:
    """DC, and the tables with the features that it uses; None without features if config or corpus have no classes for it.

    It learns from the training utterances of `texts` that have one of its classes; their translations help to align the
    word vectors of its bag.
    """
    over_domains = config is not None and config.classes == "domains"
    classes = labels.domains if over_domains else labels.intents
    if config is None or tables.features is None or not classes:
        return None, replace(tables, features=None)
    words_of, class_of = texts.tokenised.words, (_domain_of if over_domains else _intent_of)
    classified = [(example, class_of(example, labels)) for example in texts.train if words_of(example.text)]
    texts = replace(texts, train=[example for example, its_class in classified if its_class is not None])
    classes_B = np.array([its_class for _, its_class in classified if its_class is not None])
    items, _ = build_targets(texts.train, labels, tables.vectorizer(texts.tokenised))
    features = [item.features for item in items]
    model, feature_ids = fit_pruned(features, classes_B, len(classes), config, progress)
    hashes = tables.features.hashes[feature_ids - 1]
    if config.bag is None:
        return DomainClassifier(model), replace(tables, features=FeatureTable(hashes))
    words, bag = _fit_bag(texts, classes_B, len(classes), config.bag, progress)
    model, bag = model.scaled(1.0 - config.bag.share), bag.scaled(config.bag.share)
    classifier, table = in_one_table((hashes, model), (words, bag))
    return classifier, replace(tables, features=table)


def _intent_of(example: Example, labels: Labels) -> int | None:
    return labels.intent_ids.get(example.intent or "")


def _domain_of(example: Example, labels: Labels) -> int | None:
    """Its intent's domain; of an intent that is not among the labels, its own where it is."""
    if (intent := _intent_of(example, labels)) is not None:
        return labels.intent_domains[intent]
    return labels.domains.index(example.domain) if example.domain in labels.domains else None


def _fit_bag(
    texts: Texts, classes_B: Integers, n_classes: int, config: WordBagConfig, progress: Progress
) -> tuple[Hashes, WordBag]:
    """The hash of each word of the bag, and the bag, trained on the examples, each of which has a token."""
    words_of = texts.tokenised.words
    utterances = [words_of(example.text) for example in texts.train]
    words = Vocabulary.build(word for utterance in utterances for word in utterance).words
    vectors_WA = aligned_vectors(
        texts.train, words, size=config.vector_size, translations=texts.translations, words_of=words_of
    )
    word_ids = {word: word_id for word_id, word in enumerate(words, start=1)}
    with progress.stage("domain classifier, bag of words", config.epochs) as step:
        bag = word_bag.fit(
            [[word_ids[word] for word in utterance] for utterance in utterances],
            classes_B,
            vectors_WA=vectors_WA,
            n_classes=n_classes,
            config=config,
            on_epoch=step,
        )
    return np.array([word_hash(word) for word in words], dtype=np.uint32), bag


def in_one_table(
    maxent: tuple[Hashes, MaxEnt], bag: tuple[Hashes, WordBag]
) -> tuple[DomainClassifier, FeatureTable]:
    """Both over one feature table: first words of the bag alone, then words of both, then features of the MaxEnt alone.

    Of several words with the same hash, the table has the most frequent.
    """
    (hashes_V, model), (hashes_W, words) = maxent, bag
    distinct_W = np.sort(np.unique(hashes_W, return_index=True)[1])
    shared_W = np.isin(hashes_W[distinct_W], hashes_V)
    only_W, both_W = distinct_W[~shared_W], distinct_W[shared_W]
    ids = {feature: feature_id for feature_id, feature in enumerate(hashes_V.tolist(), start=1)}
    both_V = np.array([ids[feature] for feature in hashes_W[both_W].tolist()], dtype=np.int64)
    only_V = np.setdiff1d(np.arange(1, len(hashes_V) + 1), both_V)
    rows_V = np.concatenate([[0], both_V, only_V])
    rows_W = np.concatenate([[0], 1 + only_W, 1 + both_W, [words.n_words + 1]])
    classifier = DomainClassifier(
        replace(model, weights_VC=model.weights_VC[rows_V], squares_V=model.squares_V[rows_V]),
        replace(words, table_WE=words.table_WE[rows_W]),
        n_bag_only=len(only_W),
    )
    return classifier, FeatureTable(np.concatenate([hashes_W[only_W], hashes_V[rows_V[1:] - 1]]))


def fit_pruned(
    features: Sequence[Sequence[int]],
    classes_B: Integers,
    n_classes: int,
    config: MaxEntConfig,
    progress: Progress,
) -> tuple[MaxEnt, Integers]:
    """A MaxEnt trained again on the `kept_features` features with the largest weights, and the ids of those features."""
    n_ids = 1 + max(max(ids, default=0) for ids in features)
    with progress.stage("domain classifier, all features", config.max_iterations) as step:
        model = maxent.fit(
            features, classes_B, n_ids=n_ids, n_classes=n_classes, config=config, on_iteration=step
        )
    feature_ids = maxent.heaviest_features(model, config.kept_features)
    if len(feature_ids) == n_ids - 1:
        return model, feature_ids
    new_ids = {old: new for new, old in enumerate(feature_ids.tolist(), start=1)}
    pruned = [[new_ids[old] for old in ids if old in new_ids] for ids in features]
    with progress.stage("domain classifier, heaviest features", config.max_iterations) as step:
        model = maxent.fit(
            pruned,
            classes_B,
            n_ids=len(feature_ids) + 1,
            n_classes=n_classes,
            config=config,
            on_iteration=step,
        )
    return model, feature_ids
