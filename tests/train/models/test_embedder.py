"""The embedder: a word's vector depends on the word alone; where its table starts; what dropping words does.

Axes: U distinct words, C characters, E word vector, N rows that are given.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from polyparse.errors import ConfigError
from polyparse.text.vocabulary import PADDING, UNKNOWN
from train.models.embedder import FILTER_WIDTHS, START_SPREAD, Embedder, EmbedderConfig

CONFIG = EmbedderConfig(word_size=5, character_size=4, character_filters=3, word_dropout=0.0)
WORDS, CHARACTERS = 12, 9
ROWS_U = torch.tensor([PADDING, 3, UNKNOWN, 7])
CHARACTERS_UC = torch.tensor([[0, 0, 0, 0, 0], [2, 3, 0, 0, 0], [4, 0, 0, 0, 0], [5, 6, 7, 8, 2]])


def embedder(config: EmbedderConfig = CONFIG) -> Embedder:
    torch.manual_seed(0)
    return Embedder(WORDS, CHARACTERS, config)


def vectors(module: Embedder, rows_U: torch.Tensor, characters_UC: torch.Tensor) -> torch.Tensor:
    """vectors_UE of the distinct words."""
    found_BTE: torch.Tensor = module(rows_U, characters_UC, torch.arange(len(rows_U))[None])
    return found_BTE[0]


def read_characters(module: Embedder, characters: list[int]) -> list[float]:
    """The slow twin of the character CNN, for one word: loops over filters and positions."""
    letters = [module.characters.weight[character] for character in characters]
    nothing = torch.zeros(module.config.character_size)
    actual = []
    for width, conv in zip(FILTER_WIDTHS, module.filters, strict=True):
        assert isinstance(conv, torch.nn.Conv1d)
        assert conv.bias is not None
        for kernel_LW, bias in zip(conv.weight, conv.bias, strict=True):
            responses = []
            for at in range(len(letters)):
                total = bias
                for column in range(width):
                    place = at + column - width // 2
                    letter = letters[place] if 0 <= place < len(letters) else nothing
                    total = total + (kernel_LW[:, column] * letter).sum()
                responses.append(max(0.0, total.item()))
            actual.append(max(responses))
    return actual


@pytest.mark.parametrize("index", [1, 2, 3])
def test_the_character_cnn_is_the_largest_response_of_each_filter(index: int) -> None:
    module = embedder()
    word = [c for c in CHARACTERS_UC[index].tolist() if c != PADDING]
    actual = vectors(module, ROWS_U, CHARACTERS_UC)[index, CONFIG.word_size :]
    assert actual.tolist() == pytest.approx(read_characters(module, word), abs=1e-6)


def test_a_word_has_the_same_vector_beside_longer_words() -> None:
    module = embedder()
    together = vectors(module, ROWS_U, CHARACTERS_UC)
    for index, length in ((1, 2), (2, 1), (3, 5)):
        alone = vectors(module, ROWS_U[index : index + 1], CHARACTERS_UC[index : index + 1, :length])
        assert together[index].allclose(alone[0], atol=1e-6)


def test_padding_is_all_zeros() -> None:
    assert not vectors(embedder(), ROWS_U, CHARACTERS_UC)[0].any()


def test_vectors_are_laid_out_by_token() -> None:
    module = embedder()
    words_BT = torch.tensor([[3, 1, 3], [2, 0, 0]])
    by_word = vectors(module, ROWS_U, CHARACTERS_UC)
    assert module(ROWS_U, CHARACTERS_UC, words_BT).equal(by_word[words_BT])


def test_without_filters_there_are_no_characters() -> None:
    module = embedder(replace(CONFIG, character_filters=0))
    assert module.output_size == CONFIG.word_size
    assert [name for name, _ in module.named_parameters()] == ["words.weight"]
    assert vectors(module, ROWS_U, CHARACTERS_UC).equal(module.words.weight[ROWS_U])


def test_training_shows_some_words_as_unknown_and_padding_never() -> None:
    module = embedder(replace(CONFIG, character_filters=0, word_dropout=0.5)).train()
    rows_U = torch.tensor([PADDING] + [3] * 4000)
    shown = vectors(module, rows_U, torch.zeros(4001, 1, dtype=torch.int64))
    unknown = (shown[1:] == module.words.weight[UNKNOWN]).all(1).sum().item()
    assert not shown[0].any()
    assert 1800 < unknown < 2200
    assert (
        vectors(module.eval(), rows_U, torch.zeros(4001, 1, dtype=torch.int64))[1:]
        .eq(module.words.weight[3])
        .all()
    )


def test_frozen_words_are_not_trained_and_characters_are() -> None:
    module = embedder(replace(CONFIG, freeze_words=True))
    vectors(module, ROWS_U, CHARACTERS_UC).sum().backward()  # type: ignore[no-untyped-call]
    assert module.words.weight.grad is None
    assert module.characters.weight.grad is not None


def test_given_rows_start_from_their_vectors_and_the_others_in_their_scale() -> None:
    module, random_VE = embedder(), embedder().words.weight
    given_NE = 7.0 * torch.randn(2, CONFIG.word_size, generator=torch.Generator().manual_seed(1))
    module.start_from(torch.tensor([4, 9]), given_NE)
    others = [row for row in range(WORDS) if row not in (4, 9)]
    scale = given_NE.square().mean().sqrt() / START_SPREAD
    assert module.words.weight[[4, 9]].equal(given_NE)
    assert module.words.weight[others].allclose(random_VE[others] * scale)
    assert not module.words.weight[PADDING].any()
    assert module.words.weight.requires_grad


def test_no_given_row_leaves_the_random_start() -> None:
    module, random_VE = embedder(), embedder().words.weight
    module.start_from(torch.zeros(0, dtype=torch.int64), torch.zeros(0, CONFIG.word_size))
    assert module.words.weight.equal(random_VE)


@pytest.mark.parametrize("name", ["glove", "vectors.txt", "", ".vec"])
def test_word_vectors_are_made_in_a_known_way_or_read_from_a_file(name: str) -> None:
    with pytest.raises(ConfigError, match=r"word_vectors: found .*, expected random, fasttext, aligned"):
        EmbedderConfig(word_vectors=name)


@pytest.mark.parametrize("filters", [0, 3])
def test_the_first_character_is_the_mark_of_a_words_case_where_case_is_read(filters: int) -> None:
    config = replace(CONFIG, case_size=2, character_filters=filters)
    module = embedder(config)
    assert module.output_size == 5 + 2 + 3 * filters
    cases_UE = vectors(module, ROWS_U, CHARACTERS_UC)[:, 5:7]
    assert cases_UE.equal(module.cases.weight[CHARACTERS_UC[:, 0]])
    assert not cases_UE[0].any()


def test_a_vector_is_word_then_case_then_filters_then_states_of_the_bigru() -> None:
    module = embedder(replace(CONFIG, case_size=2, character_gru=4))
    letters_UCL = module.characters(CHARACTERS_UC)
    parts = [
        module.words(ROWS_U),
        module.cases(CHARACTERS_UC[:, 0]),
        vectors(module, ROWS_U, CHARACTERS_UC)[:, 7:16],
        module.character_gru(letters_UCL, CHARACTERS_UC),
    ]
    assert vectors(module, ROWS_U, CHARACTERS_UC).equal(torch.cat(parts, dim=1))
    assert module.output_size == 5 + 2 + 3 * 3 + 2 * 4
    assert parts[2][1].tolist() == pytest.approx(read_characters(module, [2, 3]), abs=1e-6)


def test_case_is_not_read_without_a_size() -> None:
    assert not hasattr(embedder(), "cases")


OUTSIDE = replace(CONFIG, character_filters=0, outside_size=3, outside_words=4)
ADDED = torch.arange(WORDS - 4, WORDS)


def knowing(config: EmbedderConfig = OUTSIDE) -> Embedder:
    """With an outside vector of each word but padding, the unknown word and word 3."""
    module = embedder(config)
    rows_N = torch.tensor([row for row in range(2, WORDS) if row != 3])
    module.know_from_outside(rows_N, torch.randn(len(rows_N), 3, generator=torch.Generator().manual_seed(2)))
    return module


def test_a_words_vector_is_its_row_and_what_is_mapped_from_outside_and_added_words_have_the_unknown_row() -> (
    None
):
    module = knowing()
    assert module.words.weight.shape == (WORDS - 4, 5)
    assert module.output_size == 5
    rows_U = torch.arange(WORDS)
    found_UE = vectors(module, rows_U, torch.zeros(WORDS, 1, dtype=torch.int64))
    outside_VO = module.get_buffer("outside").float()
    for row in range(WORDS):
        own_E = module.words.weight[row if row < WORDS - 4 else UNKNOWN]
        assert found_UE[row].allclose(own_E + module.outside_map.weight @ outside_VO[row], atol=1e-6)
    assert found_UE[3].equal(module.words.weight[3])
    assert not found_UE[PADDING].any()


def test_the_vectors_of_all_words_can_be_written_down_as_one_table() -> None:
    for module in (knowing(), embedder(replace(CONFIG, character_filters=0))):
        rows_U = torch.arange(WORDS)
        found_UE = vectors(module, rows_U, torch.zeros(WORDS, 1, dtype=torch.int64))
        assert module.word_vectors().allclose(found_UE, atol=1e-6)


def test_of_the_words_that_training_shows_as_unknown_some_lose_their_outside_vector_too() -> None:
    module = knowing(replace(OUTSIDE, word_dropout=0.5, outside_dropout=0.4)).train()
    shown_UE = vectors(module, torch.tensor([PADDING] + [4] * 4000), torch.zeros(4001, 1, dtype=torch.int64))
    mapped_E = module.outside_map(module.get_buffer("outside")[4].float())
    unknown_E = module.words.weight[UNKNOWN]
    kinds = {
        "known": module.words.weight[4] + mapped_E,
        "outside": unknown_E + mapped_E,
        "nothing": unknown_E,
    }
    counts = {name: int(shown_UE.isclose(kind_E, atol=1e-6).all(1).sum()) for name, kind_E in kinds.items()}
    assert not shown_UE[0].any()
    assert sum(counts.values()) == 4000
    assert counts["known"] == pytest.approx(2000, abs=200)
    assert counts["outside"] == pytest.approx(1200, abs=200)


def test_the_map_is_trained_and_what_it_maps_is_not() -> None:
    module = knowing()
    vectors(module, ADDED, torch.zeros(4, 1, dtype=torch.int64)).sum().backward()  # type: ignore[no-untyped-call]
    assert {name for name, _ in module.named_parameters()} == {"words.weight", "outside_map.weight"}
    assert module.outside_map.weight.grad is not None
    assert module.outside_map.weight.grad.any()
    assert module.words.weight.grad is not None
    assert module.words.weight.grad.any(1).nonzero().flatten().tolist() == [UNKNOWN]


def test_outside_vectors_are_part_of_a_networks_state() -> None:
    module, other = knowing(), embedder(OUTSIDE)
    other.load_state_dict(module.state_dict())
    assert other.word_vectors().equal(module.word_vectors())
    assert "outside" not in embedder().state_dict()


def test_words_cannot_be_added_without_outside_vectors() -> None:
    with pytest.raises(
        ConfigError, match="outside_words: found 4 without outside vectors, expected an outside_size"
    ):
        EmbedderConfig(outside_words=4)
