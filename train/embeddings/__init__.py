"""Initial word vectors of a joint network: none (random), trained on the corpus in one of two ways, or read from a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from polyparse.text.forms import words_of
from train.embeddings.aligned import aligned_vectors
from train.embeddings.fasttext import read_bin, train_vectors
from train.embeddings.vec_file import PretrainedVectors, read_vec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from polyparse.corpora.example import Example
    from polyparse.text.vocabulary import Vocabulary
    from train.embeddings.aligned import WordsOf
    from train.embeddings.vec_file import VectorReader
    from train.models.embedder import EmbedderConfig
    from train.progress import Progress

__all__ = ["READERS", "PretrainedVectors", "starting_vectors"]

READERS: Mapping[str, VectorReader] = {".vec": read_vec, ".bin": read_bin}


def starting_vectors(
    config: EmbedderConfig,
    vocabulary: Vocabulary,
    examples: Sequence[Example],
    progress: Progress,
    translations: Sequence[Example] = (),
    words_of: WordsOf = words_of,
) -> PretrainedVectors | None:
    """The vectors that `config.word_vectors` names; None for "random".

    `examples` are those that the vocabulary was built from; their `translations` into other locales help to align words.
    `words_of` gives the words of a text.

    Raises CorpusError for a file that is not one of vectors, ConfigError if its vectors do not have `word_size` numbers.
    """
    if config.word_vectors == "random":
        return None
    if config.word_vectors == "aligned":
        vectors_WE = aligned_vectors(
            examples, vocabulary.words, size=config.word_size, translations=translations, words_of=words_of
        )
        word_ids = vocabulary.word_ids.values()
        return PretrainedVectors.collect(dict(zip(word_ids, vectors_WE, strict=True)), size=config.word_size)
    if config.word_vectors == "fasttext":
        sentences = (words_of(example.text) for example in examples)
        return train_vectors(sentences, vocabulary, size=config.word_size)
    path = Path(config.word_vectors).expanduser()
    return READERS[path.suffix](path, vocabulary, size=config.word_size, progress=progress)
