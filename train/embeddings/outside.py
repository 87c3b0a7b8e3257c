"""Outside vectors: what a pre-trained sentence encoder makes of single words, for words that training hardly or never sees.

A word of a language that the encoder reads has the encoder's vector of it. A word of another language means what its
translations mean: its vector is the mean of those of the words that it is aligned with in the texts of the same ids,
weighed as `word_alignment` says, and scaled to their length. All are reduced to their principal components, around their
mean, so that a vector of zeros, which words without any have, stands for a word of which nothing is known.

Axes: N words that have a vector, S numbers of the encoder's vector, O of an outside vector, U words of languages that the
encoder does not read, R words of those that it reads.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from polyparse.contract.locales import language_of
from polyparse.errors import ConfigError
from polyparse.text.addresses import spelling
from train.embeddings.aligned import MIN_LENGTH, SPREAD
from train.embeddings.vec_file import PretrainedVectors
from train.embeddings.word_alignment import alignment

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from numpy.typing import NDArray

    from polyparse.corpora.example import Example
    from polyparse.text.vocabulary import Vocabulary
    from train.embeddings.aligned import WordsOf
    from train.embeddings.sentence_encoder import SentenceEncoder

    Floats = NDArray[np.float32]


class ReadTexts(NamedTuple):
    """Words of each id's texts: by language that the encoder reads, and all those of languages that it does not."""

    read: dict[str, dict[str, list[str]]]
    unread: dict[str, list[str]]


class SplitWords(NamedTuple):
    """The words of a vocabulary that an encoder reads, `direct`, and those of which it reads translations.

    `texts` are those of the examples, `others` their translations into other locales, by id and language.
    """

    direct: list[str]
    translated: list[str]
    texts: ReadTexts
    others: dict[str, dict[str, list[str]]]


def split_words(
    vocabulary: Vocabulary,
    examples: Iterable[Example],
    languages: Collection[str],
    *,
    words_of: WordsOf,
    translations: Iterable[Example] = (),
) -> SplitWords:
    """By the languages that the encoder reads; `examples` and `translations` are those of `outside_vectors`."""
    texts = _by_id(examples, languages, words_of)
    unread = {word for words in texts.unread.values() for word in words}
    own_read = {
        word for by_language in texts.read.values() for words in by_language.values() for word in words
    }
    return SplitWords(
        direct=[
            word for word in vocabulary.words if spelling(word) and (word in own_read or word not in unread)
        ],
        translated=[word for word in vocabulary.words if word in unread and word not in own_read],
        texts=texts,
        others=_by_id(translations, languages, words_of).read,
    )


def outside_vectors(
    vocabulary: Vocabulary,
    examples: Iterable[Example],
    encoder: SentenceEncoder,
    *,
    size: int,
    words_of: WordsOf,
    translations: Iterable[Example] = (),
) -> PretrainedVectors:
    """Vectors of `size` numbers for words of the vocabulary.

    `examples` are those that it was built from, `translations` are into other locales. Words of the vocabulary that stand in
    none of the texts are taken as words of languages that the encoder reads.

    Raises:
        ConfigError: there are not more words, or not more numbers of the encoder's, than `size`.
    """
    words = split_words(vocabulary, examples, encoder.languages, words_of=words_of, translations=translations)
    direct_NS = encoder.encode(words.direct).astype(np.float32)
    word_ids = vocabulary.word_ids
    vectors = {word_ids[word]: vector_S for word, vector_S in zip(words.direct, direct_NS, strict=True)}
    translated_US = translated(words, encoder.encode)
    vectors |= {
        word_ids[word]: vector_S for word, vector_S in zip(words.translated, translated_US, strict=True)
    }
    encoded = PretrainedVectors.collect(vectors, size=direct_NS.shape[1])
    return PretrainedVectors(encoded.rows_N, reduced(encoded.vectors_NE, size))


def reduced(vectors_NS: Floats, size: int) -> Floats:
    """The first `size` principal components, shape (N, size), in the spread of a word table that starts at random.

    Raises:
        ConfigError: the vectors are not more, or have not more numbers, than that.
    """
    if size >= min(vectors_NS.shape):
        raise ConfigError(
            f"joint.embedder.outside_size: found {size}, expected less than the {vectors_NS.shape[1]} numbers of"
            f" {len(vectors_NS)} vectors of words, and than these"
        )
    centred_NS = vectors_NS - vectors_NS.mean(axis=0)
    _, directions_SS = np.linalg.eigh((centred_NS.T @ centred_NS).astype(np.float64))  # by ascending variance
    first_SO = directions_SS[:, ::-1][:, :size]
    first_SO = first_SO * np.where(
        first_SO[np.abs(first_SO).argmax(axis=0), np.arange(size)] < 0.0, -1.0, 1.0
    )
    reduced_NO = centred_NS @ first_SO
    spread = max(float(np.sqrt(np.square(reduced_NO).mean())), MIN_LENGTH)
    return np.asarray(reduced_NO * (SPREAD / spread), dtype=np.float32)


def _by_id(examples: Iterable[Example], languages: Collection[str], words_of: WordsOf) -> ReadTexts:
    read: defaultdict[str, dict[str, list[str]]] = defaultdict(dict)
    unread: defaultdict[str, list[str]] = defaultdict(list)
    for example in examples:
        language = language_of(example.locale)
        words = words_of(example.text)
        if language in languages:
            read[example.id].setdefault(language, words)
        else:
            unread[example.id] += words
    return ReadTexts(dict(read), dict(unread))


def translated(split: SplitWords, encode: Callable[[Sequence[str]], Floats]) -> Floats:
    """Means of the vectors of what the words are aligned with, shape (U, S); zeros where an id has no translation."""
    words, texts = split.translated, split.texts
    source_words = (word for source in texts.unread.values() for word in source)
    source_ids = {word: row for row, word in enumerate(dict.fromkeys([*words, *source_words]))}
    target_ids: dict[tuple[str, str], int] = {}
    bitext = []
    for each, source in texts.unread.items():
        sources = [source_ids[word] for word in source]
        for language, target in {**split.others.get(each, {}), **texts.read.get(each, {})}.items():
            entries = [
                target_ids.setdefault((language, word), len(target_ids)) for word in target if spelling(word)
            ]
            bitext.append((sources, entries))
    weights_UR = alignment(bitext, len(source_ids), len(target_ids))[: len(words)]
    distinct = {word: row for row, word in enumerate(dict.fromkeys(word for _, word in target_ids))}
    vectors_S = encode([*distinct] or ["a"])
    vectors_RS = vectors_S[[distinct[word] for _, word in target_ids]]
    means_US: Floats = np.asarray(weights_UR @ vectors_RS, dtype=np.float32)
    length_U1 = np.linalg.norm(means_US, axis=1, keepdims=True)
    return np.where(length_U1 > MIN_LENGTH, means_US / np.maximum(length_U1, MIN_LENGTH), 0.0).astype(
        np.float32
    )
