"""Where the word table of a joint network starts: at random, with fastText trained on the corpus, or with vectors read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from train.embeddings.fasttext import read_bin, train_vectors
from train.embeddings.table import WordVectors, read_vec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from polyparse.vocab import Vocabulary
    from train.embeddings.table import Reader
    from train.models.embedder import EmbedderConfig
    from train.progress import Progress

__all__ = ["READERS", "WordVectors", "starting_vectors"]

READERS: Mapping[str, Reader] = {".vec": read_vec, ".bin": read_bin}


def starting_vectors(
    config: EmbedderConfig,
    vocabulary: Vocabulary,
    sentences: Iterable[Sequence[str]],
    progress: Progress,
) -> WordVectors | None:
    """The vectors that `config.word_vectors` asks for, None for "random"; `sentences` is the tokenised training text.

    Raises CorpusError for a file that is not one of vectors, ConfigError where its vectors are not of `word_size`.
    """
    if config.word_vectors == "random":
        return None
    if config.word_vectors == "fasttext":
        return train_vectors(sentences, vocabulary, size=config.word_size)
    path = Path(config.word_vectors).expanduser()
    return READERS[path.suffix](path, vocabulary, size=config.word_size, progress=progress)
