"""Where nodes ran is read of a profile: of a real one on the CPU, and of one in which a device had some."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.check_gpu import placement
from benchmarks.check_gpu.placement import Placement, inputs_of, read
from polyparse.bundle import store

BUNDLE = Path(__file__).parents[3] / "models" / "massive" / "1.8.0-viterbi"


def kernel(name: str, operator: str, provider: str) -> dict[str, Any]:
    return {
        "cat": "Node",
        "name": f"{name}_kernel_time",
        "args": {"op_name": operator, "provider": f"{provider}ExecutionProvider"},
    }


EVENTS = [
    {"cat": "Session", "name": "model_run", "args": {}},
    kernel("a", "MatMul", "CUDA"),
    kernel("b", "MatMul", "CUDA"),
    *[kernel("c", "Add", "CUDA")] * 12,
    kernel("d", "Shape", "CPU"),
    kernel("e", "MemcpyToHost", "CUDA"),
    {"cat": "Node", "name": "a_fence_before", "args": {"op_name": "MatMul"}},
]


def test_nodes_are_counted_once_by_where_they_ran_and_copies_apart() -> None:
    found = read(EVENTS, "cuda")
    assert found == Placement({"MatMul": 2, "Add": 1}, {"Shape": 1}, {"MemcpyToHost": 1})  # type: ignore[arg-type]
    assert found.figures("score") == {"score_nodes_on_device": 3, "score_nodes_on_cpu": 1, "score_copies": 1}


def test_what_is_not_on_the_device_is_named_with_what_was_done_about_it() -> None:
    words = read(EVENTS, "cuda").in_words()
    assert "1 x Shape (left: it reads no data" in words
    assert "1 x MemcpyToHost (nothing yet)" in words
    assert "MatMul" not in words


def test_a_profile_of_a_bundle_has_every_node_of_loops_and_branches_too() -> None:
    found = placement.of_bundle(BUNDLE, store.verify(BUNDLE), "cpu")
    assert found.keys() == {"embed", "score", "decode", "classifier"}
    assert found["decode"].on_device["Scan"] == 3  # one of them stands in the branch that searches
    assert found["decode"].on_device["If"] == 1
    assert not found["decode"].on_cpu
    assert not found["decode"].copies


@pytest.mark.parametrize("file", ["embed-all.onnx", "score-all.onnx", "decode-all.onnx", "classifier.onnx"])
def test_inputs_are_those_of_the_graph(file: str) -> None:
    signature = store.verify(BUNDLE).tensors[file]
    made = inputs_of(signature)
    assert [(name, array.dtype.name) for name, array in made.items()] == [
        (tensor.name, tensor.dtype) for tensor in signature.inputs
    ]
