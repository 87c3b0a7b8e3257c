"""Where the nodes of a graph ran, by ONNX Runtime's own profile of one run: on which device, and what was copied between.

Axes as in the manifest's shapes: B sequences, T tokens, U distinct words, C characters, F features.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from polyparse.bundle.manifest import GraphSignature, Manifest
from polyparse.runtime.cuda_options import SESSION_ENTRIES, provider_options
from polyparse.runtime.session import PROVIDERS, Device

SIZES = {"B": 8, "T": 12, "U": 32, "C": 16, "F": 64, "L": 16}
SEED = 3
COPIES = ("MemcpyToHost", "MemcpyFromHost")
REMEDIES: Mapping[str, str] = {
    "Shape": "left: it reads no data, and its result is needed here",
    "Gather": "of shapes: left, for these are numbers that are needed here",
    "Loop": "none in shipped graphs",
    "Scan": "Viterbi's loop is started here for every token: AIN has none, and the batch is larger",
    "If": "its condition is read here: filling sequences are sure, so that they never ask for the search",
    "ReverseSequence": "none on CUDA in some types: see the copies",
    "QuantizeLinear": "activations keep their codes; weights are widened at the load",
    "MatMulIntegerToFloat": "no products of integers are made for CUDA: session.disable_quant_qdq",
    "QLinearMatMul": "no products of integers are made for CUDA: session.disable_quant_qdq",
}
"""Operator -> what was done about its running on the CPU, or between devices."""


@dataclass(frozen=True)
class Placement:
    """Nodes by operator: those on the device, those on the CPU beside it, and copies between."""

    on_device: Counter[str] = field(default_factory=Counter)
    on_cpu: Counter[str] = field(default_factory=Counter)
    copies: Counter[str] = field(default_factory=Counter)

    def figures(self, graph: str) -> dict[str, float]:
        """How many of each."""
        return {
            f"{graph}_nodes_on_device": self.on_device.total(),
            f"{graph}_nodes_on_cpu": self.on_cpu.total(),
            f"{graph}_copies": self.copies.total(),
        }

    def in_words(self) -> str:
        """The operators that are not on the device, and what was done about each."""
        return "; ".join(
            f"{count} x {operator} ({REMEDIES.get(operator, 'nothing yet')})"
            for operator, count in (self.on_cpu + self.copies).most_common()
        )


def placed(graph: Path, signature: GraphSignature, device: Device) -> Placement:
    """Run a graph once under a profile, and read where its nodes ran; those of bodies of loops and branches too."""
    options = onnxruntime.SessionOptions()
    options.enable_profiling = True
    options.log_severity_level = 3
    told: dict[str, str] = {}
    if device == "cuda":
        told = provider_options(graph.stat().st_size)
        for name, option in SESSION_ENTRIES.items():
            options.add_session_config_entry(name, option.value)
    with TemporaryDirectory() as folder:
        options.profile_file_prefix = str(Path(folder, "profile"))
        session = onnxruntime.InferenceSession(
            str(graph), sess_options=options, providers=[(PROVIDERS[device], told)]
        )
        session.run(None, inputs_of(signature))
        events = json.loads(Path(session.end_profiling()).read_bytes())
    return read(events, device)


def read(events: Sequence[Mapping[str, Any]], device: Device) -> Placement:
    """The placement that a profile's events tell; a node that ran often counts once."""
    kernels = {
        event["name"]: event["args"]
        for event in events
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time")
    }
    placement = Placement()
    for arguments in kernels.values():
        operator = arguments["op_name"]
        if operator in COPIES:
            placement.copies[operator] += 1
        elif arguments["provider"] == PROVIDERS[device]:
            placement.on_device[operator] += 1
        else:
            placement.on_cpu[operator] += 1
    return placement


def of_bundle(bundle: Path, manifest: Manifest, device: Device) -> dict[str, Placement]:
    """Kind of graph (embed, score, decode, classifier) -> its placement, of the first network."""
    graphs = manifest.networks[0].graphs[device]
    files = {"embed": graphs.embed, "score": graphs.score, "decode": graphs.decode}
    if manifest.classifier is not None:
        files["classifier"] = manifest.classifier[device]
    return {
        kind: placed(bundle / file, manifest.tensors[file], device)
        for kind, file in files.items()
        if file is not None
    }


def inputs_of(signature: GraphSignature) -> dict[str, NDArray[Any]]:
    """Inputs that make a graph do all that it can: full lengths, known words, random scores of which no path is sure."""
    random = np.random.default_rng(SEED)
    made: dict[str, NDArray[Any]] = {}
    for tensor in signature.inputs:
        shape = [SIZES.get(axis, 1) if isinstance(axis, str) else axis for axis in tensor.shape]
        if tensor.dtype == "float32":
            made[tensor.name] = random.normal(0, 1, shape).astype(np.float32)
        elif tensor.name == "lengths_B":
            made[tensor.name] = np.full(shape, SIZES["T"], dtype=np.int32)
        elif tensor.name == "words_BT":
            made[tensor.name] = random.integers(1, SIZES["U"], shape)
        else:
            made[tensor.name] = np.ones(shape, dtype=tensor.dtype)
    return made
