"""Where the word table of a joint network starts: at random, trained on the corpus (two ways), or with vectors read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from polyparse.text.tokens import tokenise
from train.embeddings.aligned import aligned_vectors
from train.embeddings.fasttext import read_bin, train_vectors
from train.embeddings.vec_file import WordVectors, read_vec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from polyparse.corpora.example import Example
    from polyparse.text.vocabulary import Vocabulary
    from train.embeddings.vec_file import Reader
    from train.models.embedder import EmbedderConfig
    from train.progress import Progress

__all__ = ["READERS", "WordVectors", "starting_vectors"]

READERS: Mapping[str, Reader] = {".vec": read_vec, ".bin": read_bin}


def starting_vectors(
    config: EmbedderConfig,
    vocabulary: Vocabulary,
    examples: Sequence[Example],
    progress: Progress,
    translations: Sequence[Example] = (),
) -> WordVectors | None:
    """The vectors that `config.word_vectors` asks for, None for "random".

    `examples` are those that the vocabulary is of; `translations` of them into other locales help to align words.

    Raises CorpusError for a file that is not one of vectors, ConfigError where its vectors are not of `word_size`.
    """
    if config.word_vectors == "random":
        return None
    if config.word_vectors == "aligned":
        found = aligned_vectors(examples, vocabulary.words, size=config.word_size, translations=translations)
        rows = vocabulary.word_rows.values()
        return WordVectors.collect(dict(zip(rows, found, strict=True)), size=config.word_size)
    if config.word_vectors == "fasttext":
        sentences = ([token.text for token in tokenise(example.text)] for example in examples)
        return train_vectors(sentences, vocabulary, size=config.word_size)
    path = Path(config.word_vectors).expanduser()
    return READERS[path.suffix](path, vocabulary, size=config.word_size, progress=progress)
