"""Decoding is measured for each shape and both decoders, and each ratio is that of the times beside it."""

import pytest

from benchmarks import decode
from benchmarks.timing import median_us


@pytest.fixture(scope="module")
def figures() -> dict[str, float]:
    return decode.decoding(["cpu"], rounds=1, words=[3], batches=[1, 2])


def test_there_is_a_ratio_for_each_shape_tag_set_and_way(figures: dict[str, float]) -> None:
    expected = {
        f"{way}{name}_vs_viterbi_{batch}x3{tags}"
        for way in ("", "torch_")
        for name in ("ain", "annealed")
        for batch in (1, 2)
        for tags in ("", "_domain")
    }
    assert {key for key in figures if "_vs_" in key} == expected


def test_a_ratio_is_the_time_of_ain_over_the_time_of_viterbi(figures: dict[str, float]) -> None:
    for key, ratio in figures.items():
        if "_vs_" in key:
            name, shape = key.split("_vs_viterbi_")
            way = name.removesuffix("ain").removesuffix("annealed")
            assert ratio == figures[f"{name}_us_{shape}"] / figures[f"{way}viterbi_us_{shape}"]


def test_the_shapes_are_the_agreed_ones() -> None:
    assert (decode.WORDS, decode.BATCHES) == ((8, 32, 128), (1, 32))
    assert [2 * slots + 1 for slots in decode.SLOTS.values()] == [111, 21]


def test_calls_are_timed_in_turn() -> None:
    order: list[str] = []
    found = median_us({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=3)
    assert order[-6:] == ["a", "b"] * 3
    assert set(found) == {"a", "b"}
    assert all(us > 0 for us in found.values())
