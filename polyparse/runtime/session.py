"""ONNX Runtime sessions; the one importer of onnxruntime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import onnxruntime

from polyparse.errors import DeviceUnavailable, GraphInvalid, ModelRunFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
SLOW_ON_A_CPU = ["SkipLayerNormFusion", "MatMulAddFusion"]
"""Rewritings of ONNX Runtime that a CPU is slower for: an Add and a LayerNormalization made one took ten times as long, and
a product of integer codes and an Add made one are widened each time and multiplied in floats."""
WARNINGS = 2  # ONNX Runtime's severity from which it writes to standard error


def choose_device(wanted: Literal["auto", "cpu", "cuda"]) -> Literal["cpu", "cuda"]:
    """CUDA where the installed runtime has it and it was not declined.

    Raises:
        DeviceUnavailable: CUDA was asked for and the installed ONNX Runtime has no such provider.
    """
    available = onnxruntime.get_available_providers()
    if wanted == "cuda" and PROVIDERS["cuda"] not in available:
        raise DeviceUnavailable(
            f"--device cuda: found ONNX Runtime {onnxruntime.__version__} with {', '.join(available)}, "
            "expected CUDAExecutionProvider (install polyparse[gpu] in place of polyparse[cpu])"
        )
    return "cuda" if wanted != "cpu" and PROVIDERS["cuda"] in available else "cpu"


class Session:
    """One graph on one device. `run` may be called from several threads at once."""

    def __init__(self, graph: Path, *, device: Literal["cpu", "cuda"], threads: int = 1) -> None:
        """Load a graph with `threads` intra-op threads.

        Raises:
            GraphInvalid: the file is no graph that this runtime can load.
            DeviceUnavailable: the device's provider did not start (a driver that is missing, say).
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
        self.packs_rows = self._session.get_modelmeta().custom_metadata_map.get("rows") == "packed"
        """Whether padding costs nothing: the graph says so itself."""
        self.outputs = tuple(output.name for output in self._session.get_outputs())

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> Sequence[NDArray[Any]]:
        """The graph's outputs in their order.

        Raises:
            ModelRunFailed: the runtime refused the inputs or failed on them.
        """
        try:
            found: Sequence[NDArray[Any]] = self._session.run(None, inputs)
        except Exception as error:  # as above
            raise ModelRunFailed(f"{self._graph}: {error}") from error
        return found
