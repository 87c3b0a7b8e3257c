"""Whether a graph's weights stand in its own file: ONNX lets a tensor name another file, and a place in it.

A bundle's graphs hold all of their own, so that nothing is read that the manifest does not list. What is looked at are the
messages in which a tensor can stand, by the numbers of their fields in onnx.proto; all else is stepped over.
"""

from __future__ import annotations

from mmap import ACCESS_READ, mmap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FIELDS: Mapping[str, Mapping[int, str]] = {
    "ModelProto": {7: "GraphProto", 20: "TrainingInfoProto", 25: "FunctionProto"},
    "TrainingInfoProto": {1: "GraphProto", 2: "GraphProto"},
    "GraphProto": {1: "NodeProto", 5: "TensorProto", 15: "SparseTensorProto"},
    "FunctionProto": {7: "NodeProto", 11: "AttributeProto"},
    "NodeProto": {5: "AttributeProto"},
    "AttributeProto": {
        5: "TensorProto",
        6: "GraphProto",
        10: "TensorProto",
        11: "GraphProto",
        22: "SparseTensorProto",
        23: "SparseTensorProto",
    },
    "SparseTensorProto": {1: "TensorProto", 2: "TensorProto"},
    "TensorProto": {},
}
"""Message -> the number of each field that leads to a tensor, and its message."""
ELSEWHERE = {13: "external_data", 14: "data_location"}
"""Fields of a tensor that say where else its numbers are; `data_location` 0 is the tensor itself."""
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""How a field is written."""
WIDTHS = {FIXED64: 8, FIXED32: 4}
MOST_NESTED = 100
"""As protobuf itself has it."""
VARINT_BYTES = 10


def check(graph: Path) -> None:
    """Raise ValueError for a graph that has weights elsewhere, or is none; OSError where it cannot be read."""
    with graph.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        _check(content, 0, len(content), "ModelProto", 0)


def _check(content: mmap, start: int, end: int, message: str, depth: int) -> None:
    if depth > MOST_NESTED:
        raise ValueError(f"found more than {MOST_NESTED} messages in one another, expected fewer")
    inner = FIELDS[message]
    for number, value, stop in _fields(content, start, end):
        if message == "TensorProto" and number in ELSEWHERE and (value or stop is not None):
            raise ValueError(
                f"found {ELSEWHERE[number]}, expected that a graph's own file holds all of its weights"
            )
        if number in inner:
            if stop is None:
                raise ValueError(f"found a number as field {number} of {message}, expected {inner[number]}")
            _check(content, value, stop, inner[number], depth + 1)


def _fields(content: mmap, start: int, end: int) -> Iterator[tuple[int, int, int | None]]:
    """The fields of a message: number, then its value and None, or where its bytes begin and end."""
    at = start
    while at < end:
        key, at = _varint(content, at, end)
        number, kind = key >> 3, key & 7
        value, stop = 0, None
        if kind == VARINT:
            value, at = _varint(content, at, end)
        elif kind == BYTES:
            size, value = _varint(content, at, end)
            at = stop = value + size
        elif kind in WIDTHS:
            at += WIDTHS[kind]
        else:
            raise ValueError(f"found a field of kind {kind}, expected no such kind in a graph")
        if at > end:
            raise ValueError(f"found a field that ends at byte {at}, expected {end} at most")
        yield number, value, stop


def _varint(content: mmap, at: int, end: int) -> tuple[int, int]:
    """A number of seven bits a byte, the least first, and where it ends."""
    value = 0
    for place in range(VARINT_BYTES):
        if at + place >= end:
            break
        byte = content[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise ValueError(f"found a number without an end at byte {at}, expected a field")
