"""The pieces of words: the encoder's where it reads their language, one of its own for a word that has translations."""

from __future__ import annotations

import numpy as np

from polyparse.text.forms import words_of
from polyparse.text.vocabulary import PADDING, UNKNOWN
from tests.train.embeddings.test_outside import ENCODER, EXAMPLES, THINGS, VOCABULARY
from train.embeddings.word_pieces import MOST_PIECES, word_pieces
from train.models.pretrained import BEGIN, END, NO_PIECE

FOUND = word_pieces(VOCABULARY, EXAMPLES, ENCODER, words_of=words_of)
IDS = VOCABULARY.word_ids


def rows(word: str) -> list[int]:
    return [row for row in FOUND.rows_VP[IDS[word]] if row >= 0]


def test_a_word_that_the_encoder_reads_has_its_pieces() -> None:
    expected = ENCODER.piece_vectors(ENCODER.pieces("kettle"))
    np.testing.assert_allclose(FOUND.table_NS[rows("kettle")], expected, atol=1e-2)
    assert len(rows("kettle")) == 2
    assert rows("tetera") == rows("kettle"), "it means the same to the made encoder"


def test_a_word_of_another_language_is_one_piece_of_the_usual_length_near_its_translation() -> None:
    lengths = np.linalg.norm(FOUND.table_NS.astype(np.float32), axis=1)
    for word, translation in THINGS.items():
        (row,) = rows(translation)
        vector = FOUND.table_NS[row].astype(np.float32)
        assert abs(lengths[row] / np.median(lengths) - 1) < 0.05
        means = {
            other: ENCODER.piece_vectors(ENCODER.pieces(other)).mean(axis=0)
            for other in ("in", "the", *THINGS)
        }
        cosines = {other: vector @ mean / np.linalg.norm(mean) for other, mean in means.items()}
        assert max(cosines, key=lambda other: float(cosines[other])) == word


def test_ends_of_a_text_and_what_is_no_piece_stand_first() -> None:
    begin, end, unknown = ENCODER.begin_end_unknown
    expected = ENCODER.piece_vectors([begin, end, unknown])
    np.testing.assert_allclose(FOUND.table_NS[[BEGIN, END, NO_PIECE]], expected, atol=1e-2)
    for row in (PADDING, UNKNOWN):
        assert FOUND.rows_VP[row].tolist() == [NO_PIECE] + [-1] * (FOUND.rows_VP.shape[1] - 1)


def test_of_a_long_word_the_first_pieces_are_read() -> None:
    long = "abcdefghij" * 5
    vocabulary = type(VOCABULARY)((*VOCABULARY.words, long), "")
    found = word_pieces(vocabulary, EXAMPLES, ENCODER, words_of=words_of)
    assert (found.rows_VP[vocabulary.word_ids[long]] >= 0).sum() == MOST_PIECES
