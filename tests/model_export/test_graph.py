"""The graph builder: what it stores, what it refuses, and that scans do what loops do."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest

from model_export.graph import ABSENT, Graph, Store, quantise


def run(graph: Graph, **feeds: object) -> list[np.ndarray]:
    model = graph.build().SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return list(session.run(None, feeds))


@pytest.mark.parametrize(
    ("store", "dtype", "tolerance"),
    [("float32", np.float32, 0.0), ("float16", np.float16, 1e-3), ("int8", np.int8, 0.5 / 127)],
)
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_a_parameter_is_stored_small_and_comes_back_close(
    store: Store, dtype: type, tolerance: float, axis: int
) -> None:
    """The error is bounded by a share of the largest value of its row or column."""
    rows = np.array([[1.0], [9.0], [0.0], [1.0], [1.0]])
    weight = (rows * np.random.default_rng(0).normal(size=(5, 4))).astype(np.float32)
    graph = Graph("g")
    value = graph.parameter("layer.weight", weight, store=store, axis=axis)
    graph.output("y", graph.op("Add", value, graph.input("x", np.float32, (5, 4))), np.float32, (5, 4))
    stored = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.build().graph.initializer}
    assert stored["layer.weight"].dtype == dtype
    assert ("layer.weight.scale" in stored) == (store == "int8")
    (found,) = run(graph, x=np.zeros((5, 4), np.float32))
    peak = np.abs(weight).max(axis=1 - axis % 2, keepdims=True)
    assert (np.abs(found - weight) <= tolerance * peak + 1e-7).all()


def test_a_scan_carries_states_and_stacks_results() -> None:
    graph = Graph("g")
    values = graph.input("x", np.float32, ("T", 2))
    body, (total, element) = graph.body("sum", ["total", "element"])
    total = body.op("Add", total, element)
    states = graph.constant([0.0, 0.0], np.float32)
    last, totals, elements = graph.scan(body, [total, total, element], states=[states], sequences=[values])
    graph.output("last", last, np.float32, (2,))
    graph.output("totals", totals, np.float32, ("T", 2))
    graph.output("elements", elements, np.float32, ("T", 2))
    x = np.arange(6, dtype=np.float32).reshape(3, 2)
    found = run(graph, x=x)
    for array, expected in zip(found, (x.sum(0), x.cumsum(0), x), strict=True):
        assert array.tolist() == expected.tolist()


def test_an_optional_input_can_be_left_out() -> None:
    graph = Graph("g")
    values = graph.input("x", np.float32, ("N",))
    graph.output("y", graph.op("Clip", values, ABSENT, graph.constant(1.0, np.float32)), np.float32, ("N",))
    (found,) = run(graph, x=np.array([-5.0, 5.0], np.float32))
    assert found.tolist() == [-5.0, 1.0]


def test_several_outputs_come_in_order() -> None:
    graph = Graph("g")
    values = graph.input("x", np.float32, (4,))
    left, right = graph.ops("Split", values, n_outputs=2, num_outputs=2)
    graph.output("y", graph.op("Sub", left, right), np.float32, (2,))
    assert run(graph, x=np.array([5, 4, 3, 1], np.float32))[0].tolist() == [2, 3]


def test_equal_constants_are_stored_once() -> None:
    graph = Graph("g")
    assert graph.integers(1, 2) == graph.integers(1, 2)
    assert graph.integers(1) != graph.constant(1, np.int64)


def test_a_second_parameter_of_the_same_name_is_refused() -> None:
    graph = Graph("g")
    graph.parameter("w", np.zeros(1, np.float32))
    with pytest.raises(ValueError, match="found a second parameter 'w'"):
        graph.parameter("w", np.zeros(1, np.float32))


def test_a_parameter_that_nothing_reads_is_refused() -> None:
    graph = Graph("g")
    graph.output("y", graph.input("x", np.float32, (1,)), np.float32, (1,))
    graph.parameter("w", np.zeros(1, np.float32))
    with pytest.raises(ValueError, match="found w unread"):
        graph.build()


def test_an_unknown_operator_is_refused() -> None:
    graph = Graph("g")
    graph.output("y", graph.op("Matmull", graph.input("x", np.float32, (1,))), np.float32, (1,))
    with pytest.raises(onnx.checker.ValidationError, match="Matmull"):
        graph.build()


def test_a_wrong_shape_is_refused() -> None:
    graph = Graph("g")
    values = graph.input("x", np.float32, (2, 3))
    graph.output("y", graph.op("MatMul", values, values), np.float32, (2, 3))
    with pytest.raises(onnx.shape_inference.InferenceError):
        graph.build()


def test_a_row_of_zeros_quantises_to_zeros() -> None:
    values, scale = quantise(np.zeros((2, 3), np.float32), axis=0)
    assert values.tolist() == np.zeros((2, 3)).tolist()
    assert scale.tolist() == [[1.0], [1.0]]
