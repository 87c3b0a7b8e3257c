"""fastText: skip-gram vectors trained on the corpus itself, and models in its `.bin` format.

Axes: E word vector.

A fastText model composes a word's vector from those of its character n-grams, so it has one for every word of the
vocabulary. Training runs on several threads without locks, so no two trainings give the same vectors: a checkpoint has to
store them.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from polyparse.errors import ConfigError, CorpusError
from train.embeddings.vec_file import PretrainedVectors, check_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from polyparse.text.vocabulary import Vocabulary
    from train.progress import Progress

THREADS = 12
"""fastText 0.9.3 fills its matrix by tenths, a thread each: with fewer than 11 threads the rest is whatever memory held."""

NGRAM_BUCKETS = 200_000
"""A tenth of fastText's default: ample for the n-grams of a few million words, and 80 MB rather than 800 at 100 numbers."""

EPOCHS = 10


def train_vectors(
    sentences: Iterable[Sequence[str]], vocabulary: Vocabulary, *, size: int
) -> PretrainedVectors:
    """Vectors of `size` numbers for all words of the vocabulary, trained on sentences given as words."""
    import fasttext  # noqa: PLC0415  only a run that asks for these vectors needs the package

    with TemporaryDirectory() as folder:
        text = Path(folder) / "sentences.txt"
        with text.open("w", encoding="utf-8") as file:
            file.writelines(" ".join(words) + "\n" for words in sentences)
        model = fasttext.train_unsupervised(
            str(text),
            model="skipgram",
            dim=size,
            minCount=1,
            epoch=EPOCHS,
            bucket=NGRAM_BUCKETS,
            thread=THREADS,
            verbose=0,
        )
    return _look_up(model, vocabulary, source="fastText, trained on the corpus", size=size)


def read_bin(path: Path, vocabulary: Vocabulary, *, size: int, progress: Progress) -> PretrainedVectors:
    """Vectors from a .bin file."""
    import fasttext  # noqa: PLC0415  only a run that asks for these vectors needs the package

    try:
        with progress.stage("word vectors", 1) as step:
            model = fasttext.load_model(str(path))
            step(1)
    except ValueError as error:
        raise CorpusError(f"found no fastText model ({error}), expected one", path=path) from error
    check_size(path, file_size=model.get_dimension(), size=size)
    return _look_up(model, vocabulary, source=str(path), size=size)


def _look_up(model: Any, vocabulary: Vocabulary, *, source: str, size: int) -> PretrainedVectors:
    """The vectors of all words whose vector is not zero."""
    vectors = {word_id: model.get_word_vector(word) for word, word_id in vocabulary.word_ids.items()}
    for word, word_id in vocabulary.word_ids.items():
        if not np.isfinite(vectors[word_id]).all():
            raise ConfigError(
                f"joint.embedder.word_vectors: found a vector of {word!r} from {source} that is not finite,"
                " expected numbers"
            )
    return PretrainedVectors.collect(vectors, size=size)
