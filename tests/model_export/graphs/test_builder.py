"""The graph builder: what it stores, what it refuses, and that scans do what loops do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
import onnxruntime
import pytest

from model_export.graphs.builder import ABSENT, Graph, Store
from model_export.graphs.quantise import ZERO_POINT, factor
from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


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
    (actual,) = run(graph, x=np.zeros((5, 4), np.float32))
    peak = np.abs(weight).max(axis=1 - axis % 2, keepdims=True)
    assert (np.abs(actual - weight) <= tolerance * peak + 1e-7).all()


SCALE = 0.05


def product_graph(weight_NK: np.ndarray) -> Graph:
    graph = Graph("g")
    values = graph.input("x", np.float32, ("B", "T", weight_NK.shape[1]))
    codes = graph.codes(values, SCALE)
    built = graph.product(codes, SCALE, "layer.weight", weight_NK)
    graph.output("codes", codes, np.uint8, ("B", "T", weight_NK.shape[1]))
    graph.output("y", built, np.float32, ("B", "T", len(weight_NK)))
    return graph


@pytest.mark.parametrize(("rows", "tokens"), [(1, 1), (1, 7), (5, 3)])
def test_an_integer_product_is_the_widened_sum_of_products_of_codes(rows: int, tokens: int) -> None:
    """Codes that are clipped among them; the sum is exact, so that nothing but the last product is rounded."""
    random = np.random.default_rng(0)
    weight_NK = random.normal(size=(33, 70)).astype(np.float32)
    x = (4 * random.normal(size=(rows, tokens, 70))).astype(np.float32)
    codes, actual = run(product_graph(weight_NK), x=x)
    assert codes.tolist() == (np.clip(np.rint(x / np.float32(SCALE)), -128, 127) + ZERO_POINT).tolist()
    assert codes.min() == 0
    assert codes.max() == 255
    weight, scale_N = factor(weight_NK)
    total = (codes.astype(int) - ZERO_POINT) @ weight.T.astype(int)
    assert actual == pytest.approx(total * SCALE * scale_N, rel=1e-6)


def test_a_cpu_multiplies_codes_as_integers(tmp_path: Path) -> None:
    """The three operators that stand for a product are one when a session has loaded them."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # of a warning that the saved graph is this processor's own
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    model = product_graph(np.ones((3, 4), np.float32)).build().SerializeToString()
    onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    kinds = {node.op_type for node in onnx.load(tmp_path / "optimised.onnx").graph.node}
    assert "MatMulIntegerToFloat" in kinds
    assert not kinds & {"MatMul", "DequantizeLinear"}


def test_an_integer_weight_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"layer\.weight: found values that are not finite in float32"):
        product_graph(np.array([[1.0, np.nan]], np.float32))


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
    actual = run(graph, x=x)
    for array, expected in zip(actual, (x.sum(0), x.cumsum(0), x), strict=True):
        assert array.tolist() == expected.tolist()


@pytest.mark.parametrize(("x", "expected"), [([1.0, 2.0], [2.0, 4.0]), ([-1.0, 2.0], [-1.0, 2.0])])
def test_of_two_bodies_the_one_that_the_condition_names_gives_the_values(
    x: list[float], expected: list[float]
) -> None:
    graph = Graph("g")
    values = graph.input("x", np.float32, (2,))
    least = graph.op("ReduceMin", values, keepdims=0)
    double, _ = graph.body("double", [])
    keep, _ = graph.body("keep", [])
    doubled = double.op("Add", values, values)
    (chosen,) = graph.choose(
        graph.op("Greater", least, graph.constant(0.0, np.float32)), (double, [doubled]), (keep, [values])
    )
    graph.output("y", chosen, np.float32, (2,))
    assert run(graph, x=np.array(x, np.float32))[0].tolist() == expected


def test_an_optional_input_can_be_left_out() -> None:
    graph = Graph("g")
    values = graph.input("x", np.float32, ("N",))
    graph.output("y", graph.op("Clip", values, ABSENT, graph.constant(1.0, np.float32)), np.float32, ("N",))
    (actual,) = run(graph, x=np.array([-5.0, 5.0], np.float32))
    assert actual.tolist() == [-5.0, 1.0]


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
