"""Tables of rows in finished graphs: read as floats, and made longer.

Axes: V rows, E numbers of a row, N rows to be added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from onnx import numpy_helper

from model_export.graphs.quantise import quantise
from polyparse.errors import ConfigError

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

SCALE = ".scale"
"""What the name of a table's scales has after that of the table, as in `Graph.parameter`."""


def rows_of(model: onnx.ModelProto, name: str) -> Floats:
    """The rows of an initialiser, shape (V, E) or (V,); ConfigError where the graph has none of this name."""
    stored = _initialisers(model)
    if name not in stored:
        raise ConfigError(f"{model.graph.name}: found no table {name!r}, expected one with a row for each id")
    table_VE = numpy_helper.to_array(stored[name]).astype(np.float32)
    scale = stored.get(name + SCALE)
    return table_VE if scale is None else table_VE * numpy_helper.to_array(scale)


def append(model: onnx.ModelProto, name: str, rows_NE: Floats) -> None:
    """Put rows behind those of an initialiser, stored as it is: int8 with a scale for each row, or floats."""
    stored = _initialisers(model)
    added: dict[str, NDArray[np.generic]] = {name: rows_NE}
    if name + SCALE in stored:
        added[name], added[name + SCALE] = quantise(rows_NE, 0)
    for each, rows in added.items():
        before = numpy_helper.to_array(stored[each])
        longer = np.concatenate([before, rows.astype(before.dtype)])
        stored[each].CopyFrom(numpy_helper.from_array(longer, each))


def _initialisers(model: onnx.ModelProto) -> dict[str, onnx.TensorProto]:
    return {tensor.name: tensor for tensor in model.graph.initializer}
