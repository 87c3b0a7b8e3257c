"""One training step and one short run, on the CPU and on CUDA: the same weights within what rounding makes of them.

Nothing is drawn while they train (no dropout, no swaps), for each device draws otherwise. The runs are the command's own.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from benchmarks.command import ROOT
from benchmarks.errors import MeasurementFailed
from train.run_log import RunLog

DEVICES = ("cpu", "cuda")
LOCALE = "en-US"
UTTERANCES: Mapping[str, int] = {"train": 200, "dev": 50, "test": 10}
UNDRAWN = (
    "joint.embedder.word_dropout",
    "joint.encoder.dropout",
    "joint.embedding_dropout",
    "joint.mlp_dropout",
)
SMALL = {
    "joint.encoder.hidden_size": 64,
    "joint.embedder.word_size": 32,
    "joint.mlp_size": 32,
    "classifier.max_iterations": 10,
}
RUNS: Mapping[str, Mapping[str, int]] = {
    "step": {"optim.epochs": 1, "optim.epoch_steps": 1},
    "run": {"optim.epochs": 2, "optim.epoch_steps": 30},
}
TIMEOUT_S = 120.0


def figures(spec: str, devices: tuple[str, str] = DEVICES) -> dict[str, float]:
    """After each of RUNS the largest difference between weights, and between losses of epochs, a share of the first's."""
    actual: dict[str, float] = {}
    with TemporaryDirectory() as folder:
        corpus = small_corpus(Path(spec.partition(":")[2]).expanduser(), Path(folder, "corpus"))
        for name, changes in RUNS.items():
            runs = [Path(folder, f"{name}-{number}") for number in range(len(devices))]
            for run, device in zip(runs, devices, strict=True):
                _train(corpus, run, device, changes)
            actual[f"{name}_weights_apart"] = apart(*map(weights, runs))
            one, other = map(_losses, runs)
            actual[f"{name}_loss_apart"] = max(abs(a - b) / abs(a) for a, b in zip(one, other, strict=True))
    return actual


def small_corpus(whole: Path, folder: Path) -> str:
    """The first utterances of each partition of one locale, as a corpus of their own."""
    left = dict(UTTERANCES)
    folder.mkdir()
    with folder.joinpath(f"{LOCALE}.jsonl").open("w", encoding="utf-8") as kept:
        for line in whole.joinpath(f"{LOCALE}.jsonl").read_text(encoding="utf-8").splitlines():
            partition = json.loads(line)["partition"]
            if left[partition]:
                left[partition] -= 1
                kept.write(f"{line}\n")
    return f"massive:{folder}"


def apart(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> float:
    """The largest difference of a number; MeasurementFailed where they have not the same tensors."""
    if one.keys() != other.keys() or not one:
        raise MeasurementFailed(f"found the weights {sorted(other)}, expected {sorted(one)}")
    return max(float((one[name] - other[name]).abs().max()) for name in one if one[name].numel())


def weights(run: Path) -> dict[str, torch.Tensor]:
    """All floats of the network that a run wrote, by where they stand."""
    return dict(_tensors(torch.load(run / "network-0.pt", map_location="cpu", weights_only=True), ""))


def _tensors(value: Any, place: str) -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        yield place, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _tensors(inner, f"{place}/{key}")


def _losses(run: Path) -> list[float]:
    entries = RunLog(run / "log.jsonl").entries()
    return [entry["intent_loss"] + entry["slot_loss"] for entry in entries if "slot_loss" in entry]


def _train(corpus: str, out: Path, device: str, changes: Mapping[str, int]) -> None:
    settings = {**dict.fromkeys(UNDRAWN, 0), **SMALL, **changes}
    command = [sys.executable, "-m", "polyparse", "train", "stm", f"--corpus={corpus}", f"--locales={LOCALE}"]
    command += [f"--out={out}", f"--device={device}", "--threads=1", "--quiet"]
    command += [f"--set={key}={value}" for key, value in settings.items()]
    done = subprocess.run(  # noqa: S603 - our own command
        command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    if done.returncode:
        raise MeasurementFailed(
            f"{' '.join(command)}: status {done.returncode}: {done.stderr.strip()[-500:]}"
        )
