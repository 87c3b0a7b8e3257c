"""The pieces of a vocabulary's words, and their vectors, for the layers of a pre-trained sentence encoder.

A word of a language that the encoder reads has the encoder's pieces. Another one is one piece of its own: what its
translations say, the mean of their pieces' vectors, weighed as `word_alignment` says and scaled to the usual length of one.

Axes: V words of the vocabulary, N pieces that have a vector, S numbers of a vector, R words, P pieces of the longest word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from train.embeddings.outside import split_words, translated
from train.models.pretrained import NO_PIECE, WordPieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from polyparse.corpora.example import Example
    from polyparse.text.vocabulary import Vocabulary
    from train.embeddings.aligned import WordsOf
    from train.embeddings.sentence_encoder import SentenceEncoder

MOST_PIECES = 6
"""Of a word; the rest of a longer one is not read."""


def word_pieces(
    vocabulary: Vocabulary,
    examples: Iterable[Example],
    encoder: SentenceEncoder,
    *,
    words_of: WordsOf,
    translations: Iterable[Example] = (),
) -> WordPieces:
    """Of all words of the vocabulary; `examples` and `translations` are those of `outside_vectors`."""
    words = split_words(vocabulary, examples, encoder.languages, words_of=words_of, translations=translations)
    pieces = {word: encoder.pieces(word)[:MOST_PIECES] for word in words.direct}
    ids = list(
        dict.fromkeys([*encoder.begin_end_unknown, *(piece for cut in pieces.values() for piece in cut)])
    )
    vectors_NS = encoder.piece_vectors(ids)
    usual_length = float(np.median(np.linalg.norm(vectors_NS, axis=1)))

    def means_of(texts: Sequence[str]) -> NDArray[np.float32]:
        """means_RS, of the pieces of each text."""
        cut = [encoder.pieces(text) for text in texts]
        vectors_XS = encoder.piece_vectors([piece for each in cut for piece in each])
        starts_R = np.cumsum([0, *map(len, cut[:-1])])
        lengths_R1 = np.array([[len(each)] for each in cut], dtype=np.float32)
        return np.asarray(np.add.reduceat(vectors_XS, starts_R) / lengths_R1, dtype=np.float32)

    translated_US = translated(words, means_of) * usual_length
    rows = {piece: row for row, piece in enumerate(ids)}
    longest = max([1, *map(len, pieces.values())])
    rows_VP = np.full((vocabulary.size, longest), -1, dtype=np.int32)
    rows_VP[:, 0] = NO_PIECE
    word_ids = vocabulary.word_ids
    for word, cut in pieces.items():
        rows_VP[word_ids[word], : len(cut)] = [rows[piece] for piece in cut]
    for row, (word, vector_S) in enumerate(zip(words.translated, translated_US, strict=True), len(ids)):
        if vector_S.any():
            rows_VP[word_ids[word], 0] = row
    return WordPieces(rows_VP, np.concatenate([vectors_NS, translated_US]).astype(np.float16))
