"""ONNX Runtime sessions; the only file that imports onnxruntime."""

from __future__ import annotations

import logging
import os
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read at the import: a call to its API comes too late
import onnxruntime

from polyparse.errors import DeviceLost, DeviceUnavailable, GraphInvalid, ModelRunFailed
from polyparse.runtime import cuda_options, external_data
from polyparse.runtime.device_array import DeviceArray
from polyparse.runtime.device_faults import why_lost

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from polyparse.bundle.manifest import GraphSignature, Tensor

Device: TypeAlias = Literal["cpu", "cuda"]

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
SLOW_ON_A_CPU = ["SkipLayerNormFusion", "MatMulAddFusion"]
"""Fusions of ONNX Runtime that slow a CPU down: Add with LayerNormalization took ten times as long, and an integer matrix
product with Add is converted to floats at each run."""
WARNINGS = 2  # ONNX Runtime's severity from which it writes to standard error
FATAL = 4

logger = logging.getLogger(__name__)


def choose_device(
    device: Literal["auto", "cpu", "cuda"], *, look: Callable[[], Cuda] | None = None
) -> Device:
    """CUDA where it can be used and `device` allows it, else the CPU; `look` tells whether it can, by a run unless given.

    Raises:
        DeviceUnavailable: CUDA was asked for and cannot be used.
    """
    if device == "cpu":
        return "cpu"
    cuda = (look or cuda_here)()
    if cuda.trouble is None:
        return "cuda"
    if device == "cuda":
        raise DeviceUnavailable(f"--device cuda: {cuda.trouble}")
    if cuda.is_installed:  # Somebody means it to be used.
        logger.warning("--device auto takes the CPU: %s", cuda.trouble)
    return "cpu"


class Cuda(NamedTuple):
    """Whether the installed ONNX Runtime has CUDA, and what keeps it from being used here; None where nothing does."""

    is_installed: bool
    trouble: str | None


@cache
def cuda_here() -> Cuda:
    """`look_for_cuda`, once."""
    return look_for_cuda(onnxruntime)


def look_for_cuda(runtime: Any) -> Cuda:
    """Look by running a graph, under the options of every other one: `runtime` lists CUDA wherever it was built with it.

    CUDA's own libraries are loaded first from where pip puts them, which no loader searches by itself.
    """
    available = runtime.get_available_providers()
    if PROVIDERS["cuda"] not in available:
        return Cuda(
            is_installed=False,
            trouble=f"found ONNX Runtime {runtime.__version__} with {', '.join(available)}, "
            "expected CUDAExecutionProvider (install polyparse[gpu] in place of polyparse[cpu])",
        )
    try:
        runtime.preload_dlls(directory="")
        providers = _providers("cuda", len(NEGATE))
        session = runtime.InferenceSession(NEGATE, providers=providers, enable_fallback=0)
        session.run(None, {"x": np.ones(1, np.float32)})
        first = session.get_providers()[0]
    except Exception as error:  # onnxruntime raises a dozen unrelated classes
        trouble = f"found CUDA that does not run ({error}), expected a device, its driver and its libraries"
        return Cuda(is_installed=True, trouble=trouble)
    fell_back = (
        f"found that ONNX Runtime fell back to {first}, expected {PROVIDERS['cuda']}; see its messages above"
    )
    return Cuda(is_installed=True, trouble=None if first == PROVIDERS["cuda"] else fell_back)


def _providers(device: Device, graph_bytes: int) -> list[Any]:
    """The one provider of a session: nodes that it lacks fall to the CPU by themselves."""
    if device == "cpu":
        return [PROVIDERS["cpu"]]
    return [(PROVIDERS["cuda"], cuda_options.provider_options(graph_bytes))]


NEGATE = bytes.fromhex(
    "08083a32"  # schema 8 of ONNX; a graph
    "0a0b0a017812017922034e6567"  # y = Neg(x)
    "120167"  # its name: g
    "5a0f0a0178120a0a08080112040a020801"  # x: float32[1]
    "620f0a0179120a0a08080112040a020801"  # y: float32[1]
    "4202100d"  # operators of set 13
)
"""The least graph that computes something."""


class Session:
    """One graph on one device. `run` may be called from several threads at once.

    `axes` gives the shape of each input and output: a size, or a letter for an axis that varies.
    """

    def __init__(self, graph: Path, signature: GraphSignature, *, device: Device, threads: int = 1) -> None:
        """Load a graph with `threads` intra-op threads.

        Raises:
            GraphInvalid: this runtime cannot load the file, or the graph has another signature, or weights in another file.
            DeviceUnavailable: the device's provider did not start (for example, a driver is missing).
        """
        try:
            external_data.check(graph)
            self._session = onnxruntime.InferenceSession(
                str(graph),
                sess_options=self._options(device, threads),
                providers=_providers(device, graph.stat().st_size),
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
        self._device = device
        self._run_options = onnxruntime.RunOptions()
        # A failed run is an exception. Written by the runtime too, it would wait for whoever reads standard error.
        self._run_options.log_severity_level = FATAL
        _check("inputs", signature.inputs, self._session.get_inputs(), graph)
        _check("outputs", signature.outputs, self._session.get_outputs(), graph)
        self.axes = {tensor.name: tensor.shape for tensor in (*signature.inputs, *signature.outputs)}
        self.outputs = tuple(tensor.name for tensor in signature.outputs)

    @staticmethod
    def _options(device: Device, threads: int) -> Any:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = WARNINGS
        options.enable_mem_pattern = False  # every batch has another shape
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if device == "cuda":
            for name, option in cuda_options.SESSION_ENTRIES.items():
                options.add_session_config_entry(name, option.value)
        return options

    @property
    def is_packed(self) -> bool:
        """Whether the graph's metadata says that its layout is packed; manifests of schema 1 did not say it."""
        metadata: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        return metadata.get("rows") == "packed"

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> Sequence[NDArray[Any]]:
        """The graph's outputs in their order.

        Raises:
            ModelRunFailed: the runtime refused the inputs or failed on them.
            DeviceLost: the device runs nothing more in this process.
        """
        try:
            outputs: Sequence[NDArray[Any]] = self._session.run(None, inputs, self._run_options)
        except Exception as error:  # as above
            raise self._failure(error) from error
        return outputs

    def run_bound(
        self, inputs: Mapping[str, NDArray[Any] | DeviceArray], kept: Collection[str] = ()
    ) -> Sequence[NDArray[Any] | DeviceArray]:
        """`run`, where inputs may be on the device already, and the outputs that `kept` names stay there.

        A binding is of one run, so that several threads run at once; the run has ended on the device when this returns.
        """
        try:
            binding = self._session.io_binding()
            for name, value in inputs.items():
                if isinstance(value, DeviceArray):
                    binding.bind_ortvalue_input(name, value.value)
                else:
                    binding.bind_cpu_input(name, np.ascontiguousarray(value))
            for name in self.outputs:
                binding.bind_output(name, self._device if name in kept else "cpu", cuda_options.DEVICE_ID)
            self._session.run_with_iobinding(binding, self._run_options)
            values = binding.get_outputs()
        except Exception as error:  # as above
            raise self._failure(error) from error
        return [
            DeviceArray(value) if name in kept else value.numpy()
            for name, value in zip(self.outputs, values, strict=True)
        ]

    def _failure(self, error: Exception) -> ModelRunFailed | DeviceLost:
        if (reason := why_lost(str(error))) is not None:
            return DeviceLost(f"{self._graph}: found a lost device ({reason}), expected a run: {error}")
        return ModelRunFailed(f"{self._graph}: {error}")


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
