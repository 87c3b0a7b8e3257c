"""Decoding is measured for each shape and both decoders, and each ratio is that of the times beside it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

import pytest

from benchmarks import decode
from benchmarks.timing import median_us
from model_export.graphs.viterbi import MAJORITY_LOG_PROB

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


@pytest.fixture(scope="module")
def figures() -> dict[str, float]:
    return decode.decoding(["cpu"], rounds=1, words=[3], batches=[1, 2])


def test_there_is_a_ratio_for_each_shape_tag_set_and_way(figures: dict[str, float]) -> None:
    expected = {
        f"{way}{name}_vs_viterbi_{batch}x3{tags}"
        for way in ("", "torch_")
        for name in ("ain", "annealed", "sure")
        for batch in (1, 2)
        for tags in ("", "_domain")
    }
    assert {key for key in figures if "_vs_" in key} == expected


def test_sure_utterances_have_a_path_with_more_than_half_of_the_mass_and_the_others_none() -> None:
    with TemporaryDirectory() as folder:
        decoder = decode.Decoder("crf", 10, ["cpu"], Path(folder))
        shape = decode.Shape(4, 8, 21)
        for lead, is_sure in ((decode.LEAD, True), (0.0, False)):
            answers = cast("Sequence[NDArray[np.float32]]", decoder.calls(shape, lead=lead)[""]())
            assert ((answers[2] > MAJORITY_LOG_PROB) == is_sure).all()


def test_a_ratio_is_the_time_of_ain_over_the_time_of_viterbi(figures: dict[str, float]) -> None:
    for key, ratio in figures.items():
        if "_vs_" in key:
            name, shape = key.split("_vs_viterbi_")
            way = name.removesuffix("ain").removesuffix("annealed").removesuffix("sure")
            assert ratio == figures[f"{name}_us_{shape}"] / figures[f"{way}viterbi_us_{shape}"]


def test_the_shapes_are_the_agreed_ones() -> None:
    assert (decode.WORDS, decode.BATCHES) == ((8, 32, 128), (1, 32))
    assert [2 * slots + 1 for slots in decode.SLOTS.values()] == [111, 21]


def test_calls_are_timed_in_turn() -> None:
    order: list[str] = []
    actual = median_us({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=3)
    assert order[-6:] == ["a", "b"] * 3
    assert set(actual) == {"a", "b"}
    assert all(us > 0 for us in actual.values())
