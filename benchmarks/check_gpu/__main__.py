"""The CUDA path on a machine that has a GPU, within eight minutes. `make check-gpu` makes its environment and calls it.

Without a GPU it says "not verified: no GPU", writes nothing and exits with 0. What could not be measured fails the check.
"""

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks import command, corpus, decode, stages
from benchmarks.check_gpu import placement, room, serving, speed, training
from benchmarks.check_gpu.broken_device import Driver
from benchmarks.check_gpu.driver import NoGpu, card
from benchmarks.check_gpu.sections import Outcome, Section, carried_out
from benchmarks.result import Result, Target
from benchmarks.serving import request
from polyparse.bundle import store
from polyparse.bundle.store import Located
from polyparse.contract.frame import Utterance
from polyparse.runtime.load import LoadedBundle, load
from polyparse.runtime.session import choose_device

BUDGET_S = 470.0
"""Eight minutes, less what it takes to end."""
CELL_S = 1.0
"""For each size of batch on each device."""
REQUESTS = 4000
ROUNDS = 10
RATIO_WORDS, RATIO_BATCHES = (8, 32, 128), (1, 32)
TARGETS: Mapping[str, Mapping[str, Target]] = {
    "frames": {"viterbi_same_frames": Target("==", 1), "ain_same_frames": Target("==", 1)},
    "serving": {"swaps": Target(">=", serving.SWAPS)}
    | {f"parse_errors_{connections}": Target("==", 0) for connections in serving.CONNECTIONS},
    "room": {"refused_where_short": Target("==", 1)},
    "lost": {"lost_device_latches": Target("==", 1)},
    "training": {
        "step_weights_apart": Target("<=", 1e-4),
        "run_weights_apart": Target("<=", 0.02),
        "run_loss_apart": Target("<=", 0.01),
    },
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.check_gpu", __doc__)
    options = parser.parse_args(argv)
    try:
        name = card()
    except NoGpu as error:
        print(f"not verified: no GPU: {error}")
        return 0
    return command.run(
        lambda: measure(options.bundle, options.corpus, name, json=options.json), json=options.json
    )


def measure(models: Path, spec: str, name: str, *, json: Path | None) -> Result:
    """All sections; DeviceUnavailable where ONNX Runtime cannot use the GPU, ConfigError without the corpus."""
    choose_device("cuda")
    utterances = corpus.sample(spec, stages.COMPARED)
    heads = bundles(store.locate(models))
    about: dict[str, str] = {"card": name, "date": datetime.now(UTC).date().isoformat()}
    sections = of(heads, models, utterances, spec, about)

    def result(outcome: Outcome) -> Result:
        return Result("check_gpu", outcome.figures, outcome.targets, about)

    def keep(outcome: Outcome) -> None:
        if json is not None:
            result(outcome).write(json)

    return result(carried_out(sections, budget_s=BUDGET_S, keep=keep))


def bundles(serving_one: Located) -> dict[str, Path]:
    """Decode head -> the newest shipped bundle that has it."""
    folder = serving_one.bundle.parent
    paths = [folder / version for version in store.versions_in(folder)]
    return {store.verify(path).decode_head: path for path in paths}


def of(
    heads: Mapping[str, Path], models: Path, utterances: Sequence[Utterance], spec: str, about: dict[str, str]
) -> list[Section]:
    """The sections: what matters most first, and what ends the device's context last."""
    requests = [request(utterance) for utterance in utterances]
    measures = {
        "frames": (60.0, partial(frames, heads, utterances)),
        "placement": (30.0, partial(placements, heads, about)),
        "speed": (60.0, partial(speeds, heads, utterances)),
        "serving": (150.0, partial(serving.figures, models, requests, "cuda", count=REQUESTS)),
        "training": (60.0, partial(training.figures, spec)),
        "heads": (
            60.0,
            partial(
                decode.decoding, ["cpu", "cuda"], rounds=ROUNDS, words=RATIO_WORDS, batches=RATIO_BATCHES
            ),
        ),
        "room": (20.0, partial(short_of_room, models)),
        "lost": (30.0, partial(serving.lost, models, requests[0], "cuda")),
    }
    return [
        Section(name, seconds, measure, TARGETS.get(name, {}))
        for name, (seconds, measure) in measures.items()
    ]


def frames(heads: Mapping[str, Path], utterances: Sequence[Utterance]) -> dict[str, float]:
    """Whether CPU and CUDA agree, by the exporter's gate, for every head."""
    actual: dict[str, float] = {}
    for head, path in heads.items():
        cpu, cuda = (load(path, device=device).parser for device in stages.DEVICES)
        compared = stages.same_frames(cpu, cuda, utterances, file=path)
        actual |= {f"{head}_{key}": figure for key, figure in compared.items()}
    return actual


def placements(heads: Mapping[str, Path], about: dict[str, str]) -> dict[str, float]:
    """Nodes by device and copies of every graph; which operators these are goes into `about`."""
    actual: dict[str, float] = {}
    for head, path in heads.items():
        for kind, placed in placement.of_bundle(path, store.verify(path), "cuda").items():
            actual |= placed.figures(f"{head}_{kind}")
            about[f"{head} {kind}, not on the device"] = placed.in_words()
    return actual


def speeds(heads: Mapping[str, Path], utterances: Sequence[Utterance]) -> dict[str, float]:
    """Stages at every size of batch on both devices; `crossover` is the least batch at which CUDA is the faster one."""
    actual: dict[str, float] = {}
    for head, path in heads.items():
        found: dict[str, float] = {}
        for device in stages.DEVICES:
            loaded: LoadedBundle = load(path, device=device)
            found |= speed.figures(loaded.parser, utterances, device, seconds=CELL_S)
        faster = [size for size in speed.BATCHES if found[f"per_s_cuda_{size}"] > found[f"per_s_cpu_{size}"]]
        found["crossover"] = min(faster, default=0)
        actual |= {f"{head}_{key}": figure for key, figure in found.items()}
    return actual


def short_of_room(models: Path) -> dict[str, float]:
    """See `room`."""
    return room.figures(store.locate(models), "cuda", Driver())


if __name__ == "__main__":
    sys.exit(main())
