"""Words for a bundle that its training never saw: each has sums of the rows of words that the bundle knows.

Axes: V word ids, F feature ids, E word vector, C classes of DC, D domains, N coined words.

    row of the word table     = sum over `rows` of weight * the known word's row
    row of the MaxEnt         = what the words of `features` give together: the sum over their features
    row of the training text  = the mean over the words of `features`

Every other row stays as it is, and so does the answer to every text without such a word. A word whose `features` are none
adds nothing to DC, and is as likely in one domain's text as in another's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import onnx

from model_export.graphs import tables
from polyparse.bounds import NOT_NEGATIVE, check_bounds
from polyparse.errors import ConfigError
from polyparse.inference.training_text import TrainingText
from polyparse.schema import read_json
from polyparse.text.features import FeatureTable, word_features, word_hash
from polyparse.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from polyparse.bundle.manifest import Manifest

WORD_TABLE = "embedder.words.weight"
CLASSIFIER_TABLES = ("classifier.weights", "classifier.squares")


@dataclass(frozen=True, kw_only=True)
class CoinedWord:
    """A new word, what it stands for, and the known words that its rows are made of."""

    word: str
    meaning: str
    rows: Mapping[str, float]
    features: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Coinage:
    """Words to be coined, and (locale, text) of utterances with them, whose frames become golden.

    With `read_numbers`, the bundle looks numbers in digits up by the words that say them, from now on; with `listed_words`,
    a token that is none of so many words of each language's list by the known word that is one slip away.
    """

    words: tuple[CoinedWord, ...]
    utterances: tuple[tuple[str | None, str], ...]
    read_numbers: bool = False
    listed_words: int = 0

    def __post_init__(self) -> None:
        check_bounds(self, listed_words=NOT_NEGATIVE)

    @classmethod
    def load(cls, file: Path) -> Coinage:
        """Read JSON; raises ConfigError for anything else."""
        try:
            content = file.read_bytes()
        except OSError as error:
            raise ConfigError(f"{file}: found {error.strerror}, expected a file of words to coin") from error
        return read_json(cls, content, where=str(file))

    def check(self, vocabulary: Vocabulary) -> None:
        """Raise ConfigError for a word that is known already, or one that is made of words that are not."""
        for coined in self.words:
            if coined.word in vocabulary.word_ids:
                raise ConfigError(f"{coined.word!r}: found a word that the bundle knows, expected a new one")
            if unknown := {*coined.rows, *coined.features} - vocabulary.word_ids.keys():
                raise ConfigError(
                    f"{coined.word!r}: found {sorted(unknown)}, expected words that the bundle knows"
                )


def add(coinage: Coinage, folder: Path, manifest: Manifest) -> None:
    """Write tables and graphs of a bundle's folder anew, with the words."""
    vocabulary = Vocabulary.load(folder / manifest.text.vocabulary)
    coinage.check(vocabulary)
    for network in manifest.networks:
        for file in {graphs.embed or graphs.score for graphs in network.graphs.values()}:
            _add_vectors(coinage.words, vocabulary, folder / file)
    if manifest.text.features is not None and manifest.classifier is not None:
        _add_features(coinage.words, folder / manifest.text.features, folder, manifest.classifier)
    if manifest.text.training_text is not None:
        _add_ratios(coinage.words, vocabulary, folder / manifest.text.training_text, manifest)
    words = (*vocabulary.words, *(coined.word for coined in coinage.words))
    replace(vocabulary, words=words).save(folder / manifest.text.vocabulary)


def _add_vectors(words: Sequence[CoinedWord], vocabulary: Vocabulary, graph: Path) -> None:
    model = onnx.load(graph)
    known_VE = tables.rows_of(model, WORD_TABLE)
    weights_NV = np.zeros((len(words), len(known_VE)), dtype=np.float32)
    for weights_V, coined in zip(weights_NV, words, strict=True):
        for word, weight in coined.rows.items():
            weights_V[vocabulary.word_ids[word]] = weight
    tables.append(model, WORD_TABLE, weights_NV @ known_VE)
    onnx.save(model, graph)


def _add_features(
    words: Sequence[CoinedWord], table: Path, folder: Path, classifier: Mapping[str, str]
) -> None:
    """New ids are the last ones, which the MaxEnt alone has: to the bag of words they are nothing."""
    features = FeatureTable.load(table)
    made_of = {
        word_hash(coined.word): np.array([features.ids[each] for each in hashes])
        for coined in words
        if (hashes := [h for word in coined.features for h in word_features(word) if h in features.ids])
    }
    if not made_of:
        return
    for file in set(classifier.values()):
        model = onnx.load(folder / file)
        for name in CLASSIFIER_TABLES:
            known = tables.rows_of(model, name)
            n_bag_only = 1 + len(features.hashes) - len(known)
            rows = [known[np.maximum(ids - n_bag_only, 0)].sum(axis=0) for ids in made_of.values()]
            tables.append(model, name, np.array(rows))
        onnx.save(model, folder / file)
    FeatureTable(np.append(features.hashes, np.array([*made_of], dtype=np.uint32))).save(table)


def _add_ratios(words: Sequence[CoinedWord], vocabulary: Vocabulary, file: Path, manifest: Manifest) -> None:
    text = TrainingText.load(file, vocabulary_size=vocabulary.size, n_domains=len(manifest.labels.domains))
    rows_ND = np.zeros((len(words), text.log_ratios_VD.shape[1]))
    for row_D, coined in zip(rows_ND, words, strict=True):
        if coined.features:
            row_D[:] = text.log_ratios_VD[[vocabulary.word_ids[w] for w in coined.features]].mean(axis=0)
    longer = np.concatenate([text.log_ratios_VD, rows_ND.astype(np.float16)])
    TrainingText(text.ngrams_N, longer).save(file)
