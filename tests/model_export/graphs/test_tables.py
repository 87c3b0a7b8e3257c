"""Tables of finished graphs: what was stored is read, what is put behind it is stored alike, and all else stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from model_export.graphs import tables
from model_export.graphs.builder import Graph
from polyparse.errors import ConfigError

if TYPE_CHECKING:
    import onnx

    from model_export.graphs.builder import Store

KNOWN_VE = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)
MORE_NE = np.random.default_rng(2).normal(scale=9, size=(2, 4)).astype(np.float32)
WITHIN = {"float32": 0.0, "float16": 2e-2, "int8": 0.2}
"""How far a stored number may be from what it stands for, given numbers up to about 25."""


def graph(store: Store) -> onnx.ModelProto:
    built = Graph("words")
    ids = built.input("ids", np.int64, ("U",))
    table = built.parameter("table", KNOWN_VE, store=store)
    built.output("vectors", built.op("Gather", table, ids, axis=0), np.float32, ("U", 4))
    return built.build()


@pytest.mark.parametrize("store", WITHIN)
def test_rows_are_put_behind_those_that_are_there(store: Store) -> None:
    model = graph(store)
    before = tables.rows_of(model, "table")
    assert before == pytest.approx(KNOWN_VE, abs=WITHIN[store])
    tables.append(model, "table", MORE_NE)
    after = tables.rows_of(model, "table")
    assert (after[:5] == before).all()
    assert after[5:] == pytest.approx(MORE_NE, abs=WITHIN[store])
    types = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    assert types == {tensor.name: tensor.data_type for tensor in graph(store).graph.initializer}


def test_a_table_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match="words: found no table 'chairs', expected one"):
        tables.rows_of(graph("int8"), "chairs")
