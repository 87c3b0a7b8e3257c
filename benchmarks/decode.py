"""What decoding costs: Viterbi against AIN, as ONNX graphs on one thread and as the PyTorch heads that they come from.

Axes: B utterances, T tokens, K tags. Every utterance of a batch has all T tokens. Scores are random, so that no path has
half of the mass and Viterbi searches all of them; "sure" is Viterbi where every utterance has such a path. `--device cuda`
measures the graphs on the GPU too, and a bundle's stages on both devices.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks import command, corpus, stages
from benchmarks.result import Result, Target
from benchmarks.timing import median_us
from model_export.bundle.files import signature_of
from model_export.graphs.decode import decode_graph
from polyparse.contract.tags import SCHEMES
from polyparse.runtime.session import Session, choose_device
from train.models.heads import HEADS

Device = Literal["cpu", "cuda"]

DECODERS = {"viterbi": "crf", "ain": "ain", "annealed": "ain-annealed"}
"""Name in the figures -> head: AIN as its paper has it (three iterations), and the annealed one that ships (ten)."""
SLOTS = {"": 55, "_domain": 10}
"""Suffix of the figures -> slots: all of MASSIVE's (111 tags), or as many as one of its domains has (21 tags)."""
PREFIXES: Mapping[Device, str] = {"cpu": "", "cuda": "cuda_"}
WORDS = (8, 32, 128)
BATCHES = (1, 32)
SEED = 11
LEAD = 30.0
"""What "O" scores more than at random in each token of a sure utterance."""


class Shape(NamedTuple):
    """Sizes of the axes."""

    B: int
    T: int
    K: int

    def emissions_BTK(self) -> NDArray[np.float32]:
        """Random scores."""
        return np.random.default_rng(SEED).normal(0, 3, self).astype(np.float32)


class Decoder:
    """One head with random weights, and its graph on some devices."""

    def __init__(self, head: str, n_slots: int, devices: Sequence[Device], folder: Path) -> None:
        torch.manual_seed(SEED)
        self._head = HEADS[head](SCHEMES["BIO"].tags([f"slot{i}" for i in range(n_slots)]), "BIO").eval()
        for parameter in self._head.parameters():
            torch.nn.init.normal_(parameter)
        graph = folder / f"{head}-{n_slots}.onnx"
        model = decode_graph(self._head)
        graph.write_bytes(model.SerializeToString())
        self._sessions = {device: Session(graph, signature_of(model), device=device) for device in devices}

    def calls(self, shape: Shape, *, lead: float = 0.0) -> dict[str, Callable[[], object]]:
        """Prefix of the figures -> decode the same scores in that way: random ones, "O" raised by `lead`."""
        emissions_BTK = shape.emissions_BTK()
        emissions_BTK[:, :, 0] += lead
        allowed_BK = np.ones((shape.B, shape.K), dtype=np.bool_)
        lengths_B = np.full(shape.B, shape.T, dtype=np.int32)
        inputs = {"emissions_BTK": emissions_BTK, "allowed_BK": allowed_BK, "lengths_B": lengths_B}
        tensors = [
            torch.from_numpy(array) for array in (emissions_BTK, allowed_BK, lengths_B.astype(np.int64))
        ]
        by_graph = {
            PREFIXES[device]: partial(session.run, inputs) for device, session in self._sessions.items()
        }
        by_head = {
            f"torch_{PREFIXES[device]}": self._call_of_head(tensors, device) for device in self._sessions
        }
        return {**by_graph, **by_head}

    def _call_of_head(self, tensors: Sequence[torch.Tensor], device: Device) -> Callable[[], object]:
        """Decode on a device, where the scores are already, until the paths are back: on a GPU that waits for its end."""
        head, there = deepcopy(self._head).to(device), [tensor.to(device) for tensor in tensors]

        def by_head() -> object:
            with torch.inference_mode():
                return head.decode(*there).path_RT.cpu()

        return by_head


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.decode", __doc__)
    parser.add_argument("--device", choices=tuple(PREFIXES), default="cpu", help="default: %(default)s")
    command.counts(parser, ("--rounds", 50, "calls of each"))
    options = parser.parse_args(argv)

    def measure() -> Result:
        devices: list[Device] = ["cpu"]
        figures: dict[str, float] = {}
        targets: Mapping[str, Target] = {}
        if options.device == "cuda":
            devices.append(choose_device("cuda"))
            utterances = corpus.sample(options.corpus, stages.COMPARED)
            figures, targets = (
                stages.figures(options.bundle, utterances, rounds=options.rounds),
                stages.TARGETS,
            )
        return Result("decode", figures | decoding(devices, rounds=options.rounds), targets)

    return command.run(measure, json=options.json)


def decoding(
    devices: Sequence[Device], *, rounds: int, words: Sequence[int] = WORDS, batches: Sequence[int] = BATCHES
) -> dict[str, float]:
    """Ratios of decoding times for each shape, then the microseconds that they come from."""
    torch.set_num_threads(1)
    ratios: dict[str, float] = {}
    times: dict[str, float] = {}
    with TemporaryDirectory() as folder:
        for suffix, n_slots in SLOTS.items():
            decoders = {
                name: Decoder(head, n_slots, devices, Path(folder)) for name, head in DECODERS.items()
            }
            for shape in (Shape(B, T, 2 * n_slots + 1) for T in words for B in batches):
                calls = {name: decoder.calls(shape) for name, decoder in decoders.items()}
                calls["sure"] = decoders["viterbi"].calls(shape, lead=LEAD)
                for prefix in calls["viterbi"]:
                    actual = median_us({name: calls[name][prefix] for name in calls}, rounds=rounds)
                    at = f"{shape.B}x{shape.T}{suffix}"
                    ratios |= {
                        f"{prefix}{name}_vs_viterbi_{at}": actual[name] / actual["viterbi"]
                        for name in ("ain", "annealed", "sure")
                    }
                    times |= {f"{prefix}{name}_us_{at}": us for name, us in actual.items()}
    return ratios | times


if __name__ == "__main__":
    sys.exit(main())
