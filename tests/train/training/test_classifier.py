"""The domain classifier with a bag of words: one feature table for both, and the two as one pool."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest
from scipy.special import log_softmax

from benchmarks.ablation_run import classifier_parameters
from polyparse.text.features import word_hash
from polyparse.text.tokens import tokenise
from polyparse.text.vectorizer import Vectorizer, collate
from tests.train.corpus import LOCALES, examples
from tests.train.tiny import SHORT
from train.data.task import TextTables, collect_labels
from train.models.maxent import MaxEntConfig
from train.models.word_bag import WordBagConfig
from train.progress import Progress
from train.training.classifier import fit_classifier
from train.training.run import Texts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from polyparse.corpora.example import Example
    from train.models.domain_classifier import DomainClassifier

BAG = WordBagConfig(vector_size=8, size=6, hidden_size=16, epochs=40, batch_size=8, share=0.4)
CONFIG = MaxEntConfig(min_feature_count=2, l2=1e-4, kept_features=150)
OWN = [example for example in examples() if example.locale != LOCALES[-1]]
OTHERS = [example for example in examples() if example.locale == LOCALES[-1]]


def fitted(config: MaxEntConfig) -> tuple[DomainClassifier, TextTables]:
    labels = collect_labels(OWN, "IO")
    tables = TextTables.build(OWN, replace(SHORT, classifier=config))
    model, tables = fit_classifier(Texts(OWN, [], OTHERS), labels, tables, config, Progress(quiet=True))
    assert model is not None
    return model, tables


@pytest.fixture(scope="module")
def both() -> tuple[DomainClassifier, TextTables]:
    return fitted(replace(CONFIG, bag=BAG))


@pytest.fixture(scope="module")
def alone() -> tuple[DomainClassifier, TextTables]:
    return fitted(CONFIG)


def ids_of(tables: TextTables, utterances: list[Example]) -> NDArray[np.int64]:
    vectorizer = Vectorizer(tables.vocabulary, tables.features)
    return collate([vectorizer.item(example.utterance) for example in utterances]).features_BF


def test_every_word_of_training_has_its_row_in_the_bag_and_features_stay_where_their_weights_are(
    both: tuple[DomainClassifier, TextTables], alone: tuple[DomainClassifier, TextTables]
) -> None:
    (model, tables), (plain, plain_tables) = both, alone
    assert tables.features is not None
    assert plain_tables.features is not None
    assert model.bag is not None
    ids = tables.features.ids
    words = {token.text for example in OWN for token in tokenise(example.text)}
    assert {ids[word_hash(word)] for word in words} == set(range(1, model.bag.n_words + 1))
    assert len(plain_tables.features.hashes) == 150
    assert len(ids) == len(model.maxent.weights_VC) - 1 + model.n_bag_only
    for feature, plain_id in plain_tables.features.ids.items():
        expected = plain.maxent.weights_VC[plain_id] * np.float32(1.0 - BAG.share)
        np.testing.assert_array_equal(model.maxent.weights_VC[ids[feature] - model.n_bag_only], expected)


def test_the_two_are_one_pool(
    both: tuple[DomainClassifier, TextTables], alone: tuple[DomainClassifier, TextTables]
) -> None:
    (model, tables), (plain, plain_tables) = both, alone
    assert model.bag is not None
    features_BF = ids_of(tables, OWN)
    bag_BC = log_softmax(model.bag.logits(features_BF) / BAG.share, axis=1)
    maxent_BC = plain.log_probs(ids_of(plain_tables, OWN))
    expected = log_softmax(0.6 * maxent_BC + 0.4 * bag_BC, axis=1)
    actual = model.log_probs(features_BF)
    assert actual.dtype == np.float32
    assert actual == pytest.approx(expected, abs=1e-4)
    intents = collect_labels(OWN, "IO").intents
    assert [intents[row] for row in bag_BC.argmax(axis=1)] == [example.intent for example in OWN]


def test_a_bias_moves_the_logits(both: tuple[DomainClassifier, TextTables]) -> None:
    model, tables = both
    bias_C = np.linspace(-1, 1, model.n_classes, dtype=np.float32)
    features_BF = ids_of(tables, OWN)
    expected = log_softmax(model.log_probs(features_BF) + bias_C, axis=1)
    assert model.biased(bias_C).log_probs(features_BF) == pytest.approx(expected, abs=1e-5)


def test_numbers_are_those_of_both(
    both: tuple[DomainClassifier, TextTables], alone: tuple[DomainClassifier, TextTables]
) -> None:
    (model, _), (plain, _) = both, alone
    assert model.bag is not None
    bag = (model.bag.n_words + 2) * 6 + 6 * 16 + 16 + 16 * model.n_classes + model.n_classes
    assert classifier_parameters(model) == classifier_parameters(plain) + bag


@pytest.mark.parametrize(("classes", "learns"), [("intents", False), ("domains", True)])
def test_an_unknown_intent_is_learnt_by_its_domain_or_not_at_all(
    classes: Literal["intents", "domains"], learns: bool
) -> None:
    """Labels may be those of another corpus: what has none of the classes is as if it were not there."""
    unknown = "music_louder"
    known = [example for example in OWN if example.intent != unknown]
    config = replace(CONFIG, classes=classes, min_feature_count=1, bag=None)
    tables = TextTables.build(OWN, replace(SHORT, classifier=config))
    labels = collect_labels(known, "IO")
    models = [
        fit_classifier(Texts(train, []), labels, tables, config, Progress(quiet=True))[0]
        for train in (OWN, known)
    ]
    both, without = (weights_of(model) for model in models)
    assert (both != without) == learns


def weights_of(model: DomainClassifier | None) -> list[list[float]]:
    assert model is not None
    weights: list[list[float]] = model.maxent.weights_VC.tolist()
    return weights
