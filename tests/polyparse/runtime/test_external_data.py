"""A graph that has weights in another file is refused, wherever in it their tensor stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from model_export.bundle.files import signature_of
from polyparse.errors import GraphInvalid
from polyparse.runtime import external_data
from polyparse.runtime.session import Session
from tests.bundles import write_bundle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROOT = "ModelProto"
ANYWHERE = (
    "found a graph that does not load: found (external_data|data_location), expected that a graph's own file"
)


def outside() -> TensorProto:
    """Numbers that stand in a file beside the graph's."""
    tensor = numpy_helper.from_array(np.ones(2, np.float32), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    return tensor


def as_initialiser(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(outside())


def as_attribute(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("Constant", [], ["w"], value=outside()))


def in_a_branch(model: onnx.ModelProto) -> None:
    branch = helper.make_graph([], "branch", [], [], [outside()])
    model.graph.node.append(helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch))


def in_a_function(model: onnx.ModelProto) -> None:
    constant = helper.make_node("Constant", [], ["w"], value=outside())
    model.functions.append(helper.make_function("d", "f", [], ["w"], [constant], []))


def as_sparse(model: onnx.ModelProto) -> None:
    indices = numpy_helper.from_array(np.zeros(1, np.int64))
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(outside(), indices, [9]))


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "words" / "1") / "decode.onnx"


@pytest.mark.parametrize("put", [as_initialiser, as_attribute, in_a_branch, in_a_function, as_sparse])
def test_weights_in_another_file_are_refused_before_the_runtime_reads_them(
    graph: Path, put: Callable[[onnx.ModelProto], None]
) -> None:
    model = onnx.load(graph)
    signature = signature_of(model)
    put(model)
    graph.write_bytes(model.SerializeToString())
    with pytest.raises(GraphInvalid, match=rf"^decode\.onnx: {ANYWHERE}"):
        Session(graph, signature, device="cpu")


def test_a_graph_with_all_of_its_weights_passes(graph: Path) -> None:
    external_data.check(graph)
    tensor = numpy_helper.from_array(np.ones(2, np.float32), "w")
    tensor.data_location = TensorProto.DEFAULT
    model = onnx.load(graph)
    model.graph.initializer.append(tensor)
    graph.write_bytes(model.SerializeToString())
    external_data.check(graph)


@pytest.mark.parametrize("cut", [1, 7, 40, 200])
def test_a_graph_that_ends_too_early_is_none(graph: Path, cut: int) -> None:
    graph.write_bytes(graph.read_bytes()[:-cut])
    with pytest.raises(ValueError, match="expected"):
        external_data.check(graph)


def test_graphs_in_graphs_in_graphs_come_to_an_end(graph: Path) -> None:
    content = b""
    for _ in range(external_data.MOST_NESTED):  # GraphProto > NodeProto > AttributeProto > GraphProto ...
        for field in (6, 5, 1):
            content = bytes([field << 3 | 2]) + varint(len(content)) + content
    graph.write_bytes(bytes([7 << 3 | 2]) + varint(len(content)) + content)
    with pytest.raises(ValueError, match="more than 100 messages in one another"):
        external_data.check(graph)


def varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def test_every_field_of_onnx_that_leads_to_a_tensor_is_looked_at() -> None:
    """The table against onnx's own description of its messages."""
    messages = reached(onnx.ModelProto.DESCRIPTOR, {})
    leads: set[str] = {"TensorProto"}
    while more := {name for name, fields in messages.items() if leads & set(fields.values())} - leads:
        leads |= more
    expected = {
        name: {number: kind for number, kind in messages[name].items() if kind in leads} for name in leads
    }
    assert expected["TensorProto"] == {}
    assert expected == external_data.FIELDS
    tensor = onnx.TensorProto.DESCRIPTOR.fields_by_number
    assert {number: tensor[number].name for number in external_data.ELSEWHERE} == external_data.ELSEWHERE


def reached(message: Any, found: dict[str, dict[int, str]]) -> dict[str, dict[int, str]]:
    """Message -> the numbers of its fields that are messages, of all that a message leads to."""
    if message.name not in found:
        inner = {field.number: field.message_type for field in message.fields if field.message_type}
        found[message.name] = {number: each.name for number, each in inner.items()}
        for each in inner.values():
            reached(each, found)
    return found
