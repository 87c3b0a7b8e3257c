"""ONNX Runtime sessions; the only file that imports onnxruntime."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read at the import: a call to its API comes too late
import onnxruntime

from polyparse.errors import DeviceUnavailable, GraphInvalid, ModelRunFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from polyparse.bundle.manifest import GraphSignature, Tensor

Device: TypeAlias = Literal["cpu", "cuda"]

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
SLOW_ON_A_CPU = ["SkipLayerNormFusion", "MatMulAddFusion"]
"""Fusions of ONNX Runtime that slow a CPU down: Add with LayerNormalization took ten times as long, and an integer matrix
product with Add is converted to floats at each run."""
WARNINGS = 2  # ONNX Runtime's severity from which it writes to standard error


def choose_device(device: Literal["auto", "cpu", "cuda"]) -> Device:
    """CUDA where the installed runtime has it and `device` allows it, else the CPU.

    Raises:
        DeviceUnavailable: CUDA was asked for and the installed ONNX Runtime has no such provider.
    """
    available = onnxruntime.get_available_providers()
    if device == "cuda" and PROVIDERS["cuda"] not in available:
        raise DeviceUnavailable(
            f"--device cuda: found ONNX Runtime {onnxruntime.__version__} with {', '.join(available)}, "
            "expected CUDAExecutionProvider (install polyparse[gpu] in place of polyparse[cpu])"
        )
    return "cuda" if device != "cpu" and PROVIDERS["cuda"] in available else "cpu"


class Session:
    """One graph on one device. `run` may be called from several threads at once.

    `axes` gives the shape of each input and output: a size, or a letter for an axis that varies.
    """

    def __init__(self, graph: Path, signature: GraphSignature, *, device: Device, threads: int = 1) -> None:
        """Load a graph with `threads` intra-op threads.

        Raises:
            GraphInvalid: this runtime cannot load the file, or the graph has another signature.
            DeviceUnavailable: the device's provider did not start (for example, a driver is missing).
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = WARNINGS
        options.enable_mem_pattern = False  # every batch has another shape
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                str(graph),
                sess_options=options,
                providers=[PROVIDERS[device]],
                disabled_optimizers=SLOW_ON_A_CPU if device == "cpu" else [],
            )
        except Exception as error:  # onnxruntime raises a dozen unrelated classes
            raise GraphInvalid(f"found a graph that does not load: {error}", file=graph.name) from error
        if self._session.get_providers()[0] != PROVIDERS[device]:
            raise DeviceUnavailable(
                f"{device}: ONNX Runtime fell back to {self._session.get_providers()[0]}, "
                f"expected {PROVIDERS[device]}; see its messages above"
            )
        self._graph = graph.name
        _check("inputs", signature.inputs, self._session.get_inputs(), graph)
        _check("outputs", signature.outputs, self._session.get_outputs(), graph)
        self.axes = {tensor.name: tensor.shape for tensor in (*signature.inputs, *signature.outputs)}
        self.outputs = tuple(tensor.name for tensor in signature.outputs)

    @property
    def is_packed(self) -> bool:
        """Whether the graph's metadata says that its layout is packed; manifests of schema 1 did not say it."""
        metadata: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        return metadata.get("rows") == "packed"

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> Sequence[NDArray[Any]]:
        """The graph's outputs in their order.

        Raises:
            ModelRunFailed: the runtime refused the inputs or failed on them.
        """
        try:
            outputs: Sequence[NDArray[Any]] = self._session.run(None, inputs)
        except Exception as error:  # as above
            raise ModelRunFailed(f"{self._graph}: {error}") from error
        return outputs


DTYPES = {
    "tensor(float)": "float32",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(bool)": "bool",
}
"""ONNX Runtime's name of a type -> NumPy's; tensors of bundles have no others."""


def _check(kind: str, expected: Sequence[Tensor], nodes: Sequence[Any], graph: Path) -> None:
    """Raise GraphInvalid where a graph's inputs or outputs are not those that the manifest lists, in their order."""
    listed = [(tensor.name, tensor.dtype, tensor.shape) for tensor in expected]
    present = [(node.name, DTYPES.get(node.type, node.type), tuple(node.shape)) for node in nodes]
    if listed != present:
        raise GraphInvalid(
            f"found {kind} {present}, expected {listed} as the manifest lists", file=graph.name
        )
