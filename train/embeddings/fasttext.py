"""fastText: skip-gram vectors trained on the corpus itself, or on the text of one language; and models in its `.bin` format.

Axes: V words, E word vector.

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
from train.embeddings.word_space import WordSpace

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from polyparse.text.vocabulary import Vocabulary
    from train.progress import Progress

THREADS = 12
"""fastText 0.9.3 fills its matrix by tenths, a thread each: with fewer than 11 threads the rest is whatever memory held."""

NGRAM_BUCKETS = 200_000
"""A tenth of fastText's default: ample for the n-grams of a few million words, and 80 MB rather than 800 at 100 numbers."""

EPOCHS = 10


END_OF_SENTENCE = "</s>"
"""A word of fastText's own, which stands behind each line."""


def train_vectors(
    sentences: Iterable[Sequence[str]], vocabulary: Vocabulary, *, size: int
) -> PretrainedVectors:
    """Vectors of `size` numbers for all words of the vocabulary, trained on sentences given as words."""
    model = _trained(sentences, size=size, epochs=EPOCHS, min_count=1)
    return _look_up(model, vocabulary, source="fastText, trained on the corpus", size=size)


def train_space(
    sentences: Iterable[Sequence[str]], *, size: int, epochs: int = EPOCHS, min_count: int = 1
) -> WordSpace:
    """A language's own space: all words that occur at least `min_count` times in the sentences, the most frequent first.

    Raises ConfigError where no word occurs so often, or a vector is not finite.
    """
    try:
        model = _trained(sentences, size=size, epochs=epochs, min_count=min_count)
    except ValueError as error:  # what fastText says of a text without words
        if "Empty vocabulary" not in str(error):
            raise
        raise ConfigError(
            f"--min-count: found no word that occurs {min_count} times, expected at least one"
        ) from error
    words = [word for word in model.words if word != END_OF_SENTENCE]
    vectors_VE = np.array([model.get_word_vector(word) for word in words], dtype=np.float32).reshape(-1, size)
    is_finite_V = np.isfinite(vectors_VE).all(axis=1)
    if not is_finite_V.all():
        word = words[int(is_finite_V.argmin())]
        raise ConfigError(f"fastText: found a vector of {word!r} that is not finite, expected numbers")
    present_V = np.asarray(vectors_VE.any(axis=1))
    return WordSpace(
        tuple(word for word, is_present in zip(words, present_V.tolist(), strict=True) if is_present),
        vectors_VE[present_V],
    )


def _trained(sentences: Iterable[Sequence[str]], *, size: int, epochs: int, min_count: int) -> Any:
    """A model of fastText's; the sentences stand in a file meanwhile, so that memory does not bound them."""
    import fasttext  # noqa: PLC0415  only a run that asks for these vectors needs the package

    with TemporaryDirectory() as folder:
        text = Path(folder) / "sentences.txt"
        with text.open("w", encoding="utf-8") as file:
            file.writelines(" ".join(words) + "\n" for words in sentences)
        return fasttext.train_unsupervised(
            str(text),
            model="skipgram",
            dim=size,
            minCount=min_count,
            epoch=epochs,
            bucket=NGRAM_BUCKETS,
            thread=THREADS,
            verbose=0,
        )


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
